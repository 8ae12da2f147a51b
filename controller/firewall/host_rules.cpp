#include "firewall/host_rules.hpp"

#include "core/link_names.hpp"
#include "firewall/marks.hpp"
#include "firewall/plain_name.hpp"

#include <fmt/format.h>

namespace bgplb::firewall {

namespace {

constexpr unsigned kBits = 8;  // bits of a slot
// After the standard priorities, because the packet mark is ours only between this hook and
// routing.
constexpr int kLast = 300;

std::string hex(std::uint32_t bits) { return fmt::format("{:#010x}", bits); }
std::string mark(unsigned bits) { return hex(std::uint32_t{bits} << core::kSlotMarkShift); }
std::string mask() { return hex(core::kSlotMarkMask); }
// The bits of a mark that belong to other programs.
std::string othersMask() { return hex(~core::kSlotMarkMask); }

std::string restoreChain() {
  std::string rules = fmt::format(
      "  chain restore {{\n"
      // The common case, no other program's bits in the packet mark: one step instead of kBits.
      "    meta mark & {1} == 0 meta mark set ct mark & {0} accept\n"
      "    meta mark set meta mark & {1}\n",
      mask(), othersMask());
  for (unsigned bit = 0; bit < kBits; ++bit) {
    const std::string one = mark(1U << bit);
    rules += fmt::format("    ct mark & {0} == {0} meta mark set meta mark | {0}\n", one);
  }
  return rules + "  }\n";
}

// `low`: the format of an address whose last byte is the argument and whose other bytes are zero.
std::string learnChain(const char* name, const char* hop, const char* network, const char* low) {
  std::string rules = fmt::format(
      "  chain {} {{\n"
      "    rt {} nexthop != {} accept\n"
      "    ct mark set ct mark & {} | {}\n",
      name, hop, network, othersMask(), hex(kVipMark));
  for (unsigned bit = 0; bit < kBits; ++bit) {
    const std::string one = fmt::format(fmt::runtime(low), 1U << bit);
    rules += fmt::format("    rt {0} nexthop & {1} == {1} ct mark set ct mark | {2}\n", hop, one,
                         mark(1U << bit));
  }
  return rules + "  }\n";
}

std::string entryChain() {
  return fmt::format(
      "  chain entry {{\n"
      "    type filter hook prerouting priority raw; policy accept;\n"
      "    iifname \"{}*\" drop\n"
      "  }}\n",
      core::kBridgePrefix);
}

// rp_filter exists for IPv4 only. The chain comes after connection tracking: when the last
// container of a VIP drains, the VIP has no host route any more, but its connections go on.
std::string sourcesChain(const std::set<std::string>& loosened) {
  std::string links;
  for (const auto& link : loosened) {
    if (isPlainLinkName(link)) links += fmt::format("{}\"{}\"", links.empty() ? "" : ", ", link);
  }
  if (links.empty()) return {};
  return fmt::format(
      "  chain sources {{\n"
      "    type filter hook prerouting priority mangle; policy accept;\n"
      "    ct direction reply ct mark & {2} == {2} accept\n"
      "    iifname {{ {0} }} meta nfproto ipv4 fib saddr . iif oif missing "
      "fib saddr oifname != \"{1}*\" drop\n"
      "  }}\n",
      links, core::kBridgePrefix, hex(kVipMark));
}

// A match on the connection mark fails for packets without a connection (notrack), so their packet
// marks stay as they are.
std::string markChains() {
  const std::string restore = fmt::format(
      "    ct mark & {0} == {0} ct mark & {1} != 0 ct direction original jump restore\n",
      hex(kVipMark), mask());
  return restoreChain() + learnChain("learn4", "ip", "169.254.77.0/24", "0.0.0.{}") +
         learnChain("learn6", "ip6", "fe80::77:0/120", "::{:x}") +
         fmt::format(
             "  chain learn {{\n"
             "    ct direction reply accept\n"
             "    meta nfproto ipv4 goto learn4\n"
             "    meta nfproto ipv6 goto learn6\n"
             "  }}\n"
             "  chain prerouting {{\n"
             "    type filter hook prerouting priority {0}; policy accept;\n"
             "{1}"
             "  }}\n"
             "  chain output {{\n"
             "    type route hook output priority {0}; policy accept;\n"
             // Connections that version 1.0.0 marked do not have the bit.
             "    oifname \"{2}*\" ct mark & {3} != 0 ct direction original ct mark set ct mark | "
             "{4}\n"
             "{1}"
             "  }}\n"
             "  chain postrouting {{\n"
             "    type filter hook postrouting priority mangle; policy accept;\n"
             "    oifname != \"{2}*\" accept\n"
             "    ct mark & {3} == 0 goto learn\n"
             "    ct mark & {5} == {5} goto learn\n"
             "  }}\n",
             kLast, restore, core::kBridgePrefix, mask(), hex(kVipMark), hex(kUnknownMark));
}

// "ip saddr { ... }" and "ip6 saddr { ... }", each with `verdict`; without addresses of a family,
// no rule for it.
std::string forEach(const std::set<Address>& addresses, const char* field, const char* verdict) {
  std::string rules;
  for (const Family family : {Family::V4, Family::V6}) {
    std::string list;
    for (const auto& address : addresses) {
      if (address.family() == family) list += (list.empty() ? "" : ", ") + address.toString();
    }
    if (list.empty()) continue;
    rules += fmt::format("    {} {} {{ {} }} {}\n", family == Family::V4 ? "ip" : "ip6", field,
                         list, verdict);
  }
  return rules;
}

std::string listenerChain(const Listener& listener) {
  std::string rules = fmt::format(
      "  chain listener {{\n"
      "    type filter hook input priority filter; policy accept;\n"
      "    tcp dport {} jump bird\n"
      "  }}\n",
      listener.port);
  std::string own = forEach(listener.addresses, "daddr", "drop");
  for (const Family family : listener.wildcards) {
    own += fmt::format("    meta nfproto ipv{} drop\n", static_cast<int>(family));
  }
  // A chain must be defined before the jump to it.
  return "  chain bird {\n" + forEach(listener.peers, "saddr", "accept") + own + "  }\n" + rules;
}

}  // namespace

std::string hostRules(const HostRules& rules) {
  std::string text;
  if (rules.vips) text += markChains() + entryChain() + sourcesChain(rules.loosened);
  if (rules.listener) text += listenerChain(*rules.listener);
  return text;
}

}  // namespace bgplb::firewall
