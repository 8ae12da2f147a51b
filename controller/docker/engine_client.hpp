#pragma once
// The Docker API on dockerd's unix socket: one connection for each call, each with a deadline.
// No handler of a plugin call uses this client: while dockerd waits for the plugin, it may not
// serve its own API.

#include "base/result.hpp"
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

  // GET /_ping: learns the API version both sides speak. Unavailable while dockerd does not answer.
  Task<Result<void>> ping(std::chrono::milliseconds deadline = kCallDeadline);
  // GET of a path without its version ("/networks"); the body of a 200 answer. NotFound for 404.
  Task<Result<std::string>> get(std::string path);
  // GET /events with these filters (JSON) and since (seconds.nanoseconds). `onLine` gets an empty
  // line when the stream begins, and then each event. An event of more than 1 MiB (an image's
  // labels are part of it) is skipped with a warning. Returns when the stream ends, with the
  // reason.
  Task<Error> follow(std::string filters, std::string since,
                     std::function<void(std::string_view line)> onLine);

  void terminate(const ContainerId& id, std::function<void(Result<void>)> done) override;

 private:
  static constexpr std::chrono::seconds kCallDeadline{10};

  Task<Result<std::string>> request(std::string method, std::string path,
                                    std::chrono::milliseconds deadline);
  Task<> sendTerminate(ContainerId id, std::function<void(Result<void>)> done);
  std::string versioned(const std::string& path) const;

  boost::asio::io_context& io_;
  http::UnixClient client_;
  std::string version_;  // "1.45", empty until the first ping
};

// application/x-www-form-urlencoded, for query values.
std::string urlEncode(std::string_view text);

}  // namespace bgplb::docker
