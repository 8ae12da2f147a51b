#include "io/unix_socket.hpp"

#include <fmt/format.h>

#include <cerrno>

#include <sys/socket.h>
#include <sys/un.h>

namespace bgplb::io {

Result<UnixEndpoint> unixEndpoint(const std::string& path) {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty()) return invalid("the path of a socket is empty");
  if (path.size() > kLongest) {
    return invalid(fmt::format("{}: the path of a socket has at most {} bytes", path, kLongest));
  }
  UnixEndpoint endpoint;
  endpoint.path(path);
  return endpoint;
}

boost::system::error_code connectAtOnce(UnixSocket& socket, const UnixEndpoint& endpoint) {
  boost::system::error_code error;
  if (!socket.is_open()) socket.open(endpoint.protocol(), error);
  if (!error) socket.native_non_blocking(true, error);
  if (error) return error;
  const auto* address = static_cast<const sockaddr*>(endpoint.data());
  const int connected =
      ::connect(socket.native_handle(), address, static_cast<socklen_t>(endpoint.size()));
  if (connected != 0) error.assign(errno, boost::system::system_category());
  return error;
}

}  // namespace bgplb::io
