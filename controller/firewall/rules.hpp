#pragma once
// Defines our rules in the host's filter table and plans the smallest change that installs or
// removes them. Pure: reads the output of iptables-save, returns the input of iptables-restore.
// Called by Iptables. docs/decisions gives the complete reasons.
//
// All rules are in one chain. Their number does not depend on the number of VIPs. FORWARD jumps to
// the chain directly after DOCKER-USER. Packets that the administrator drops in DOCKER-USER thus
// stay dropped, and the rules that Docker evaluates later (bridge isolation, enable_icc=false,
// policy DROP) do not block VIPs.
//
//   -o bgplb-*            Packets to a VIP: only host routes to VIPs use these bridges. The rules
//                         mark the connection (marks.hpp) and accept the packet.
//   established + marked  Replies. They do not pass bgplb-*: the container sends them over its
//                         Docker bridge, possibly to a container on another bridge, or on the same
//                         bridge without inter-container communication.
//   -i bgplb-*            These packets are dropped before routing (host_rules.hpp, and without nft
//                         entry_rules.hpp). Replies never use this interface; such a packet is from
//                         a container that bypasses Docker's rules.
//
//   neighbor discovery    (IPv6) Accepted within a gateway bridge, whose name begins with bgplb_
//                         in the documented set-up. enable_icc=false drops neighbour discovery
//                         (but not ARP), and a container could then not reply to another one on
//                         the same bridge.
//
// Several instances of the plugin have a chain each, with the same rules, and their jumps follow
// DOCKER-USER in any order.
//
// Alternatives: ipset needs a kernel module that some hosts lack (Docker 28.0 tried it); with a
// rule per VIP, every packet would traverse all of them.

#include "base/address.hpp"
#include "core/instance.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::firewall {

// The relevant parts of the filter table of one family in one flavour, for one instance.
struct FilterTable {
  bool docker = false;        // contains chain DOCKER
  bool incompatible = false;  // contains native nft rules, which iptables cannot list or change
  std::string policy;         // of chain FORWARD; empty: the chain does not exist
  std::vector<std::string> forward;             // rules of FORWARD, without "-A FORWARD "
  std::optional<std::vector<std::string>> own;  // rules of our chain; none: it does not exist
  friend bool operator==(const FilterTable&, const FilterTable&) = default;

  // Whether forwarded packets pass unfiltered: policy ACCEPT, and no rule except jumps to our chain
  // or another instance's.
  bool isBare() const;
};

// Parses the output of iptables-save.
FilterTable parse(std::string_view saved, core::Instance instance);

// The rules of our chain in the notation of iptables-save.
const std::vector<std::string>& ownRules(Family family);

// Both return the input for `iptables-restore --noflush`; empty: no change is needed. `asListed`:
// our rules as this version of iptables lists them, if that differs from ownRules(); empty:
// unknown.
std::string planPresent(core::Instance instance, Family family, const FilterTable& table,
                        const std::vector<std::string>& asListed);
std::string planAbsent(core::Instance instance, const FilterTable& table);

}  // namespace bgplb::firewall
