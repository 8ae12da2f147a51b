#pragma once
// Decides whether dockerd may be contacted. With systemd's socket activation (docker.socket), a
// connection to the socket of a stopped dockerd starts dockerd again, so an administrator's
// `systemctl stop docker` would not last. Used by EngineClient.
//
// dockerd has stopped if its pid file, next to the socket, no longer exists, or if the event stream
// and an idle second connection have both ended while the pid file is still that of the same
// dockerd. (dockerd closes its API first and removes the file last.) Without a pid file there
// (dockerd --pidfile), dockerd may always be contacted.

#include "io/unix_socket.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace bgplb::docker {

class DaemonGate {
 public:
  // A dockerd that still has the same pid file is contacted again after this time: a proxy between
  // us and dockerd may have been restarted.
  static constexpr std::chrono::seconds kUnsure{30};

  DaemonGate(boost::asio::io_context& io, std::string socketPath);
  ~DaemonGate();
  DaemonGate(const DaemonGate&) = delete;
  DaemonGate& operator=(const DaemonGate&) = delete;

  void streamBegan();  // the event stream is connected: dockerd runs
  void streamEnded();
  bool mayConnect() const;

 private:
  // The idle connection. Outlives the gate while an operation on it is pending.
  struct Idle;

  void openIdle();
  void closeIdle();
  static void awaitEnd(const std::shared_ptr<Idle>& idle);
  std::optional<std::string> pidFile() const;

  boost::asio::io_context& io_;
  std::string socketPath_;
  std::string pidPath_;
  std::shared_ptr<Idle> idle_;
  bool streaming_ = false;
  std::optional<std::string> known_;  // the pid file of the dockerd that was contacted last
  std::chrono::steady_clock::time_point endedAt_{};
};

}  // namespace bgplb::docker
