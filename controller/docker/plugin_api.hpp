#pragma once
// dockerd's plugin calls, from path and body to status and body. No handler calls the engine: dockerd
// may be holding the lock, or not serving yet. Every call is idempotent, since dockerd repeats what
// it is not sure of and replays nothing after a restart.

#include "docker/plugin_codec.hpp"
#include "reconcile/loop.hpp"
#include "reconcile/ports.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace bgplb::docker {

struct PluginAnswer {
  unsigned status = 200;  // dockerd takes 200 for success and nothing else
  std::string body;
};

class PluginApi {
 public:
  PluginApi(reconcile::Loop& loop, reconcile::Kernel& kernel, reconcile::HostNetwork& host,
            bool globalScope);

  PluginAnswer call(std::string_view path, std::string_view body);

 private:
  using Answer = Result<std::string>;

  Answer createNetwork(std::string_view body);
  Answer allocateNetwork(std::string_view body);
  Answer deleteNetwork(std::string_view body);
  Answer createEndpoint(std::string_view body);
  Answer deleteEndpoint(std::string_view body);
  Answer join(std::string_view body);
  Answer leave(std::string_view body);
  Answer requestPool(std::string_view body);
  Answer requestAddress(std::string_view body);
  Result<void> checkNetwork(const CreateNetworkRequest& request) const;
  reconcile::Reconciler& reconciler() { return loop_.reconciler(); }

  reconcile::Loop& loop_;
  reconcile::Kernel& kernel_;
  reconcile::HostNetwork& host_;
  bool globalScope_;
  std::map<std::string, std::function<Answer(std::string_view)>, std::less<>> handlers_;
};

}  // namespace bgplb::docker
