#include "netlink/neighbor_primer.hpp"

#include "io/descriptor.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace bgplb::netlink {

namespace {

constexpr std::uint16_t kDiscardPort = 9;

}  // namespace

Result<void> primeNeighbor(const Address& neighbor) {
  if (!neighbor.isV6()) return invalid(neighbor.toString() + " is not an IPv6 address");
  sockaddr_in6 peer{};
  peer.sin6_family = AF_INET6;
  peer.sin6_port = htons(kDiscardPort);
  std::memcpy(&peer.sin6_addr, neighbor.bytes(), sizeof(peer.sin6_addr));
  const io::Descriptor socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.isOpen() && ::sendto(socket.get(), nullptr, 0, 0,
                                  reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) == 0) {
    return {};
  }
  return transient(fmt::format("datagram to {}: {}", neighbor.toString(), std::strerror(errno)));
}

}  // namespace bgplb::netlink
