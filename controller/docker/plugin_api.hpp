#pragma once
// Handles dockerd's plugin calls (network driver and IPAM driver): maps path and body of a call to
// the status and body of the reply. Called by plugin_http.cpp. No handler calls the Docker API:
// dockerd may hold a lock during the call, or not serve its API yet. Every call is idempotent,
// because dockerd repeats calls whose outcome it does not know. dockerd replays no call after a
// restart.

#include "docker/plugin_codec.hpp"
#include "reconcile/loop.hpp"
#include "reconcile/ports.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace bgplb::docker {

struct PluginAnswer {
  unsigned status = 200;  // dockerd accepts only 200 as success
  std::string body;
};

class PluginApi {
 public:
  PluginApi(reconcile::Loop& loop, reconcile::Kernel& kernel, bool globalScope);

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
  Result<void> checkVip(const Prefix& vip) const;
  // Conflict: another network or endpoint has the links that these would get.
  Result<void> checkLinks(const NetworkId& network) const;
  Result<void> checkLinks(const EndpointRequest& request) const;
  bool isKnown(const EndpointId& endpoint) const;
  reconcile::Reconciler& reconciler() { return loop_.reconciler(); }

  reconcile::Loop& loop_;
  reconcile::Kernel& kernel_;
  bool globalScope_;
  std::map<std::string, std::function<Answer(std::string_view)>, std::less<>> handlers_;
};

}  // namespace bgplb::docker
