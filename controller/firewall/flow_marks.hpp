#pragma once
// Connections keep their backend: an nft table of our own (`nft list table inet bgplb`) marks each
// connection to a VIP with the slot of the backend that its first packet went to, and gives that
// mark to every later packet, so that a policy rule leads it there (core/kernel_network.hpp). New
// connections have no mark, and go where the next-hop group sends them.
//
//   learn     after routing, which has chosen a next hop: 169.254.77.N or fe80::77:N is slot N
//   restore   before routing; a packet that this host sends itself is routed once more
//
// Only the way towards the VIP is marked, errors about it (ICMP "too big") included: these must
// reach the backend whose packet they are about. The rules are the same few however many VIPs and
// backends there are, since the slot is in the address itself, bit by bit. No iptables: it has no
// match for the next hop of a packet.

#include "base/result.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"

#include <string>
#include <vector>

namespace bgplb::firewall {

// Input for `nft -f`: the table, in the place of a former one, in one transaction.
std::string flowMarkRules();

class FlowMarks {
 public:
  explicit FlowMarks(ToolRunner& tools) : tools_(tools) {}

  // Adds the table if it is missing or altered, or removes it. Invalid, NotFound: nft or the kernel
  // cannot do it. Transient: the same call may succeed later.
  Task<Result<void>> reconcile(bool wanted);

 private:
  Task<Result<std::string>> nft(std::vector<std::string> arguments, std::string input = {});

  ToolRunner& tools_;
  std::string asListedByNft_;  // the table, right after nft took it from us
};

}  // namespace bgplb::firewall
