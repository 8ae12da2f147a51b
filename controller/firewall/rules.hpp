#pragma once
// What must stand in the host's filter table, and the shortest way there. Pure: iptables-save's
// text in, iptables-restore's text out. docs/decisions has the reasons in full; in short:
//
// One chain, the same few rules however many VIPs there are. FORWARD jumps to it directly behind
// DOCKER-USER: what the host's administrator refuses there stays refused, and what Docker would
// refuse after it (isolation of bridges, enable_icc=false, policy DROP) does not stop a VIP.
//
//   out by bgplb-*        the way to a VIP. Only host routes to VIPs lead there. The flow gets a
//                         connection mark, and is accepted.
//   established + marked  the way back, which does not pass bgplb-*: the container answers over its
//                         Docker bridge, perhaps to a container on another bridge, or on the same
//                         one without inter-container communication.
//   in by bgplb-*         nothing. Nobody answers that way; what comes from there is a container
//                         that goes round Docker's rules.
//
//   neighbor discovery    (IPv6) within a gateway bridge, whose name begins with bgplb_ as in the
//                         documented set-up: enable_icc=false drops it too (not so ARP), and then a
//                         container could not answer another one on its own bridge.
//
// An address set would need a kernel module that hosts lack (Docker 28.0 tried), a rule per VIP a
// walk through all of them for each packet.

#include "base/address.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::firewall {

inline constexpr std::string_view kChain = "BGPLB-FORWARD";

// The bit of the connection mark. Taken by others: 0x80 AWS VPC, 0xf00 Cilium, 0x2000 netavark and
// CNI portmap, 0x4000 and 0x8000 Kubernetes, 0xff0000 Tailscale, 0xffff0000 Calico; 0x539 Istio and
// 0xca6c wg-quick are whole marks, and do not have this bit either.
inline constexpr std::string_view kMark = "0x1000/0x1000";

// The filter table of one family in one flavour, as far as it concerns us.
struct FilterTable {
  bool docker = false;               // dockerd keeps its chains here
  bool incompatible = false;         // nft rules are in it that iptables cannot show (nor change)
  std::string policy;                // of FORWARD; empty: there is no such chain yet
  std::vector<std::string> forward;  // its rules, without "-A FORWARD "
  std::optional<std::vector<std::string>> own;  // those of our chain, if it is there
  friend bool operator==(const FilterTable&, const FilterTable&) = default;

  // Nobody filters what is forwarded.
  bool isBare() const;
};

FilterTable parse(std::string_view saved);

// The rules of our chain, as iptables-save shows them.
const std::vector<std::string>& ownRules(Family family);

// Input for `iptables-restore --noflush`; empty: all is as it should be. `alsoRight`: how this
// iptables shows our rules, should it not be the way we wrote them.
std::string planPresent(Family family, const FilterTable& table,
                        const std::vector<std::string>& alsoRight);
std::string planAbsent(const FilterTable& table);

}  // namespace bgplb::firewall
