#pragma once
// Client of the Docker API on dockerd's unix socket: one connection per call, each with a deadline.
// Used by EngineSync and by the drains. Handlers of plugin calls must not use this client: while
// dockerd waits for the plugin, it may not serve its own API.

#include "base/result.hpp"
#include "docker/daemon_gate.hpp"
#include "http/unix_client.hpp"
#include "io/task.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace bgplb::docker {

class EngineClient : public reconcile::Engine {
 public:
  EngineClient(boost::asio::io_context& io, std::string socketPath);

  // Every call returns Unavailable at once while dockerd has stopped (docker/daemon_gate.hpp).

  // GET /_ping, and GET /version of a dockerd that is newer than this code: negotiates the API
  // version. Unavailable: dockerd does not answer.
  Task<Result<void>> ping(std::chrono::milliseconds deadline = kCallDeadline);
  // GET of a path without its version ("/networks"). Returns the body of a 2xx reply. NotFound:
  // 404.
  Task<Result<std::string>> get(std::string path);
  // GET /events with `filters` (JSON) and `since` (seconds.nanoseconds). Calls `onLine` with an
  // empty line when the stream begins, then with each event. Skips an event of more than 16 MiB
  // with a warning, and calls `onSkipped`. Returns when the stream ends, with the reason.
  Task<Error> follow(std::string filters, std::string since,
                     std::function<void(std::string_view line)> onLine,
                     std::function<void()> onSkipped);

  void terminate(const ContainerId& id, int signal,
                 std::function<void(Result<void>)> done) override;

 private:
  static constexpr std::chrono::seconds kCallDeadline{10};

  Task<Result<std::string>> request(std::string method, std::string path,
                                    std::chrono::milliseconds deadline);
  Task<> sendSignal(ContainerId id, int signal, std::function<void(Result<void>)> done);
  std::string versioned(const std::string& path) const;

  boost::asio::io_context& io_;
  http::UnixClient client_;
  DaemonGate gate_;
  std::string version_;  // "1.45", empty until the first ping
  unsigned newest_ = 0;  // minor number of dockerd's newest API version; 0: not known
};

// application/x-www-form-urlencoded, for query values.
std::string urlEncode(std::string_view text);

}  // namespace bgplb::docker
