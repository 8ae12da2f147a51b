#pragma once
// A connection to BIRD's control socket. One command at a time: that rule alone keeps clear of
// every abort of BIRD 3's configuration queue, so the caller must not start a second one before the
// first has returned.
//
// What went wrong says the error's kind: Unavailable, nobody is there (any more); Transient,
// somebody is and did not answer in time. After either the connection is closed.

#include "base/result.hpp"
#include "bird/control_codec.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

namespace bgplb::bird {

class ControlClient {
 public:
  explicit ControlClient(boost::asio::io_context& context);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  // Returns when BIRD has greeted. The kernel lets one connect to a BIRD that is still reading its
  // configuration, or hangs; the greeting comes from its main loop and is the proof of life.
  Task<Result<void>> connect(std::string path, std::chrono::milliseconds deadline);
  // An error reply (8xxx, 9xxx) is a reply.
  Task<Result<Reply>> command(std::string line, std::chrono::milliseconds deadline);
  void close();

  bool isOpen() const;
  // "2.17.5"; empty before the first greeting.
  const std::string& version() const { return version_; }
  // The process that listens at the other end (SO_PEERCRED); also of one that does not greet.
  std::optional<pid_t> listener() const { return listener_; }

 private:
  struct Connection;

  Task<Result<Reply>> reply(std::shared_ptr<Connection> connection, std::string to);
  Error lost(const Connection& connection, const std::string& to) const;

  boost::asio::io_context& context_;
  std::shared_ptr<Connection> connection_;
  std::optional<pid_t> listener_;
  std::string version_;
};

}  // namespace bgplb::bird
