#include "core/local_daemon.hpp"

#include "core/peer.hpp"

namespace bgplb::core {

bool isPeerAddress(const Address& address) {
  return isSessionAddress(address) || (address.isV4() && address.isLoopback());
}

Address localSource() { return Address::parse("127.0.0.2").value(); }

Address localNextHop(Family family) {
  return Address::parse(family == Family::V4 ? "192.0.0.8" : "100::1").value();
}

}  // namespace bgplb::core
