#pragma once
// BIRD's report about its sessions and the routes that it exports to them, parsed from replies of
// the control socket. SessionPoll and queryStatus() use the parsers.

#include "base/address.hpp"
#include "bird/control_codec.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace bgplb::bird {

struct PeerStatus {
  std::string name;     // of BIRD's protocol, such as lb_peer_192_168_8_137
  std::string address;  // as BIRD writes it
  std::uint32_t as = 0;
  std::string state;          // RFC 4271 section 8.2.2: Idle Connect Active OpenSent OpenConfirm
                              // Established; also BIRD's Down and Close
  std::string since;          // of BIRD's protocol state, e.g. 2026-11-22T20:25:41+0000
  std::string lastError;      // of the session; empty: none since BIRD's start
  std::set<Prefix> exported;  // prefixes that pass the export filter; empty unless Established

  bool isEstablished() const { return state == "Established"; }
  friend bool operator==(const PeerStatus&, const PeerStatus&) = default;
};

struct RoutingStatus {
  std::string version;  // BIRD's: 2.17.5
  int pid = 0;
  bool recovering = false;  // exports are deferred until the peers have sent theirs (RFC 4724)
  std::string refused;      // why BIRD refused the configuration; empty: not refused
  std::uint64_t reconfigurations = 0;  // completed since the controller's start
  std::vector<PeerStatus> peers;
};

// Parses the reply to `show protocols all "lb_peer*"`. `exported` stays empty.
std::vector<PeerStatus> parsePeers(const Reply& reply);

// Parses the reply to `show route export PROTOCOL`, both families. Empty for an error reply, which
// BIRD sends for a session that is not up.
std::set<Prefix> parseExported(const Reply& reply);

// True if another program uses BIRD's port. BIRD has disabled the protocol and does not retry.
bool cannotListen(const PeerStatus& peer);

}  // namespace bgplb::bird
