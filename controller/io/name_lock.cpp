#include "io/name_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace bgplb::io {

namespace {

// A holder listens a moment after it has bound the name.
constexpr int kAttempts = 20;
constexpr int kPause = 5;  // ms

struct AbstractName {
  sockaddr_un address{};
  socklen_t size = 0;

  explicit AbstractName(const std::string& name) {
    address.sun_family = AF_UNIX;
    // The first byte of sun_path stays 0.
    const std::size_t length = std::min(name.size(), sizeof(address.sun_path) - 1);
    std::memcpy(address.sun_path + 1, name.data(), length);
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Descriptor openSocket() {
  return Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

Error systemError(const std::string& name) {
  return unavailable(fmt::format("abstract socket {}: {}", name, std::strerror(errno)));
}

}  // namespace

Result<void> NameLock::take(const std::string& name) {
  const AbstractName at(name);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Descriptor socket = openSocket();
    if (!socket.isOpen()) return systemError(name);
    if (bind(socket.get(), at.get(), at.size) == 0) {
      if (listen(socket.get(), SOMAXCONN) != 0) return systemError(name);
      socket_ = std::move(socket);
      return {};
    }
    if (errno != EADDRINUSE) return systemError(name);
    if (connectToHolder(name).isOpen()) {
      return conflict(fmt::format("another process holds the abstract socket {}", name));
    }
    (void)poll(nullptr, 0, kPause);
  }
  return unavailable(fmt::format(
      "the abstract socket {} is in use, but not by a process of root that listens", name));
}

Descriptor connectToHolder(const std::string& name) {
  Descriptor connection = openSocket();
  const AbstractName at(name);
  if (!connection.isOpen()) return {};
  if (connect(connection.get(), at.get(), at.size) != 0) return {};
  ucred holder{};  // the process that called listen(2)
  socklen_t size = sizeof(holder);
  if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &holder, &size) != 0) return {};
  if (holder.uid != 0) return {};
  return connection;
}

bool hasEnded(const Descriptor& connection) {
  pollfd end{.fd = connection.get(), .events = POLLIN, .revents = 0};
  return poll(&end, 1, 0) > 0;
}

}  // namespace bgplb::io
