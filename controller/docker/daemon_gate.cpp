#include "docker/daemon_gate.hpp"

#include "io/file.hpp"

#include <boost/asio/buffer.hpp>

#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

namespace bgplb::docker {

namespace {

// After a request, dockerd keeps a connection open without a limit; it would close one without a
// request after 5 minutes (moby, ReadHeaderTimeout).
constexpr std::string_view kRequest = "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n";

}  // namespace

struct DaemonGate::Idle {
  explicit Idle(boost::asio::io_context& io) : socket(io) {}
  io::UnixSocket socket;
  std::array<char, 1024> reply{};
  DaemonGate* gate = nullptr;  // null: the gate has dropped the connection
};

DaemonGate::DaemonGate(boost::asio::io_context& io, std::string socketPath)
    : io_(io),
      socketPath_(std::move(socketPath)),
      pidPath_((std::filesystem::path(socketPath_).parent_path() / "docker.pid").string()) {}

DaemonGate::~DaemonGate() { closeIdle(); }

void DaemonGate::streamBegan() {
  streaming_ = true;
  known_ = pidFile();
  if (known_) openIdle();
}

void DaemonGate::streamEnded() {
  if (std::exchange(streaming_, false)) endedAt_ = std::chrono::steady_clock::now();
}

bool DaemonGate::mayConnect() const {
  if (streaming_ || !known_) return true;
  const auto now = pidFile();
  if (!now) return false;
  return *now != *known_ || idle_ || std::chrono::steady_clock::now() - endedAt_ >= kUnsure;
}

void DaemonGate::openIdle() {
  closeIdle();
  const auto endpoint = io::unixEndpoint(socketPath_);
  auto idle = std::make_shared<Idle>(io_);
  if (!endpoint || io::connectAtOnce(idle->socket, *endpoint)) return;
  boost::system::error_code error;
  idle->socket.write_some(boost::asio::buffer(kRequest), error);  // fits into the empty buffer
  if (error) return;
  idle->gate = this;
  awaitEnd(idle);
  idle_ = std::move(idle);
}

void DaemonGate::closeIdle() {
  if (!idle_) return;
  boost::system::error_code ignored;
  idle_->gate = nullptr;
  idle_->socket.close(ignored);
  idle_.reset();
}

// Reads and ignores the reply and all later data.
void DaemonGate::awaitEnd(const std::shared_ptr<Idle>& idle) {
  idle->socket.async_read_some(boost::asio::buffer(idle->reply),
                               [idle](const boost::system::error_code& error, std::size_t) {
                                 if (idle->gate == nullptr) return;
                                 if (!error) return awaitEnd(idle);
                                 idle->gate->idle_.reset();
                               });
}

// The content of the pid file and the time of its last change: a dockerd in a new pid namespace may
// get the pid of the previous dockerd.
std::optional<std::string> DaemonGate::pidFile() const {
  const auto text = io::readFile(pidPath_);
  if (!text) return std::nullopt;
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(pidPath_, error);
  if (error) return std::nullopt;
  return *text + "@" + std::to_string(changed.time_since_epoch().count());
}

}  // namespace bgplb::docker
