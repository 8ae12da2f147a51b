#include "docker/daemon_gate.hpp"

#include "io/file.hpp"

#include <filesystem>
#include <utility>

namespace bgplb::docker {

namespace {

// dockerd closes a connection without a request after 5 minutes (moby, ReadHeaderTimeout).
constexpr std::chrono::seconds kReopenAfter{1};

}  // namespace

struct DaemonGate::Idle {
  explicit Idle(boost::asio::io_context& io) : socket(io) {}
  io::UnixSocket socket;
  DaemonGate* gate = nullptr;  // null: the gate has dropped the connection
};

DaemonGate::DaemonGate(boost::asio::io_context& io, std::string socketPath)
    : io_(io),
      socketPath_(std::move(socketPath)),
      pidPath_((std::filesystem::path(socketPath_).parent_path() / "docker.pid").string()),
      reopen_(io) {}

DaemonGate::~DaemonGate() {
  if (idle_) idle_->gate = nullptr;
}

void DaemonGate::streamBegan() {
  streaming_ = true;
  known_ = pidFile();
  if (known_) openIdle();
}

void DaemonGate::streamEnded() {
  if (std::exchange(streaming_, false)) endedAt_ = std::chrono::steady_clock::now();
  reopen_.cancel();
}

bool DaemonGate::mayConnect() const {
  if (streaming_ || !known_) return true;
  const auto now = pidFile();
  if (!now) return false;
  return *now != *known_ || idle_ || std::chrono::steady_clock::now() - endedAt_ >= kUnsure;
}

void DaemonGate::openIdle() {
  if (idle_) idle_->gate = nullptr;
  idle_.reset();
  const auto endpoint = io::unixEndpoint(socketPath_);
  auto idle = std::make_shared<Idle>(io_);
  if (!endpoint || io::connectAtOnce(idle->socket, *endpoint)) return;
  idle->gate = this;
  // dockerd sends nothing without a request: readable means that it has closed the connection.
  idle->socket.async_wait(io::UnixSocket::wait_read, [idle](const boost::system::error_code&) {
    boost::system::error_code ignored;
    idle->socket.close(ignored);
    DaemonGate* const gate = std::exchange(idle->gate, nullptr);
    if (gate == nullptr) return;
    gate->idle_.reset();
    gate->reopen_.expires_after(kReopenAfter);
    gate->reopen_.async_wait([gate](const boost::system::error_code& error) {
      if (!error && gate->streaming_) gate->openIdle();
    });
  });
  idle_ = std::move(idle);
}

// Its content and the time of its last change: a dockerd in a new pid namespace may get the pid of
// its predecessor.
std::optional<std::string> DaemonGate::pidFile() const {
  const auto text = io::readFile(pidPath_);
  if (!text) return std::nullopt;
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(pidPath_, error);
  if (error) return std::nullopt;
  return *text + "@" + std::to_string(changed.time_since_epoch().count());
}

}  // namespace bgplb::docker
