#pragma once
// BIRD's own report of its sessions and of what it exports to them.

#include "base/address.hpp"
#include "bird/control_codec.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace bgplb::bird {

struct PeerStatus {
  std::string name;     // of the protocol: lb_peer_192_168_8_137
  std::string address;  // as BIRD writes it
  std::uint32_t as = 0;
  std::string state;          // RFC 4271 section 8.2.2: Idle Connect Active OpenSent OpenConfirm
                              // Established; also BIRD's Down and Close
  std::string since;          // of BIRD's protocol state, e.g. 2026-11-22T20:25:41+0000
  std::string lastError;      // of the session; empty: none since BIRD's start
  std::set<Prefix> exported;  // what passes the export filter; empty unless Established

  bool isEstablished() const { return state == "Established"; }
  friend bool operator==(const PeerStatus&, const PeerStatus&) = default;
};

struct RoutingStatus {
  std::string version;  // BIRD's: 2.17.5
  int pid = 0;
  bool recovering = false;  // exports are held until the peers have sent theirs (RFC 4724)
  std::string refused;      // why BIRD refuses the configuration; empty: it does not
  std::uint64_t reconfigurations = 0;  // that BIRD has carried out since this program was started
  std::vector<PeerStatus> peers;
};

// The reply to `show protocols all "lb_peer*"`; `exported` is left empty.
std::vector<PeerStatus> parsePeers(const Reply& reply);

// The reply to `show route export PROTOCOL`, both families. None for an error reply, which BIRD
// sends for a session that is not up.
std::set<Prefix> parseExported(const Reply& reply);

// BIRD gave up on the peer because its port is taken by another program, and will not retry.
bool cannotListen(const PeerStatus& peer);

}  // namespace bgplb::bird
