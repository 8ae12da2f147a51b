#pragma once
// The test's end of a unix socket, as a client or as a fake server. Calls block, and every wait has
// a deadline.

#include "io/descriptor.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace bgplb::test {

// A unique path for a socket, which the destructor removes.
struct SocketPath {
  std::string path;
  explicit SocketPath(const std::string& name = "socket") {
    static int number = 0;
    path = (std::filesystem::temp_directory_path() /
            ("bgplb-" + name + "-" + std::to_string(getpid()) + "-" + std::to_string(++number)))
               .string();
    ::unlink(path.c_str());
  }
  ~SocketPath() { ::unlink(path.c_str()); }
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;
};

inline sockaddr_un addressOf(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

class UnixPeer {
 public:
  explicit UnixPeer(int fd) : fd_(fd) {}

  static UnixPeer connected(const std::string& path) {
    UnixPeer peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = addressOf(path);
    REQUIRE(::connect(peer.fd_.get(), reinterpret_cast<const sockaddr*>(&address),
                      sizeof address) == 0);
    return peer;
  }

  // Ignores errors: the other end may have closed the connection on purpose.
  void send(const std::string& text) const {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t got = ::send(fd_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (got <= 0) return;
      sent += static_cast<std::size_t>(got);
    }
  }

  // Reads until the text contains `wanted`, until the connection ends (appends "<end>"), or until
  // no data has arrived for `milliseconds`.
  std::string read(const std::string& wanted, int milliseconds = 5000) const {
    std::string text;
    char chunk[65536];
    pollfd wait{fd_.get(), POLLIN, 0};
    while (text.find(wanted) == std::string::npos && ::poll(&wait, 1, milliseconds) == 1) {
      const ssize_t got = ::read(fd_.get(), chunk, sizeof chunk);
      if (got <= 0) return text + "<end>";
      text.append(chunk, static_cast<std::size_t>(got));
    }
    return text;
  }

  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  io::Descriptor fd_;
};

class UnixListener {
 public:
  explicit UnixListener(const std::string& path, int backlog = 16)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = addressOf(path);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_.get(), backlog) == 0);
  }
  // Returns a peer with fd() -1 if no connection arrives within the deadline.
  UnixPeer accept(int milliseconds = 5000) const {
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, milliseconds) != 1) return UnixPeer(-1);
    return UnixPeer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  io::Descriptor fd_;
};

inline std::string httpAnswer(const std::string& body, const std::string& status = "200 OK",
                              const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace bgplb::test
