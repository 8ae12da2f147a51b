// The one packet that this program sends itself.
#include "netlink/rtnl_kernel.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bgplb::netlink {

namespace {

constexpr std::uint16_t kDiscardPort = 9;  // RFC 863

}  // namespace

Result<void> RtnlKernel::primeNeighbor(const Address& neighbor) {
  if (!neighbor.isV6()) return invalid(neighbor.toString() + " is not an IPv6 address");
  sockaddr_in6 peer{};
  peer.sin6_family = AF_INET6;
  peer.sin6_port = htons(kDiscardPort);
  std::memcpy(&peer.sin6_addr, neighbor.bytes(), sizeof(peer.sin6_addr));
  const int fd = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool sent = fd >= 0 && ::sendto(fd, nullptr, 0, 0, reinterpret_cast<const sockaddr*>(&peer),
                                        sizeof(peer)) == 0;
  const int problem = errno;
  if (fd >= 0) ::close(fd);
  if (sent) return {};
  return transient(fmt::format("datagram to {}: {}", neighbor.toString(), std::strerror(problem)));
}

}  // namespace bgplb::netlink
