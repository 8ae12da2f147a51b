#include "firewall/nft_listing.hpp"

#include "base/cut.hpp"
#include "core/link_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace bgplb::firewall {

namespace {

constexpr std::string_view kBlank = " \t";

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kBlank) + 1 - begin);
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// "type filter hook forward priority filter + 10; policy drop;", and the hook prerouting.
bool isBase(std::string_view line, std::string_view hook) {
  return line.starts_with("type filter hook ") && has(line, fmt::format(" hook {} ", hook));
}

// iptables-nft keeps its tables in these; rules.hpp handles them.
bool isOfIptables(const TableName& table) {
  constexpr std::array<std::string_view, 5> kTables{"filter", "nat", "mangle", "raw", "security"};
  return table.family != "inet" &&
         std::find(kTables.begin(), kTables.end(), table.name) != kTables.end();
}

// Of any instance (core/instance.hpp).
bool isOurs(const TableName& table) {
  return table.family == "inet" && table.name.starts_with("bgplb");
}

// A rule without a match that drops or rejects every packet. A counter or a log entry may precede
// the verdict.
bool stopsEverything(std::string_view rule) {
  const bool counts = rule.starts_with("counter ") || rule.starts_with("log ");
  return rule == "drop" || rule.starts_with("reject") ||
         (counts && (rule.ends_with(" drop") || has(rule, " reject")));
}

bool acceptsVips(std::string_view rule) {
  const std::size_t at = rule.find("oifname ");
  if (at == std::string_view::npos) return false;
  const std::string name = fmt::format("\"{}", core::kBridgePrefix);
  return has(rule.substr(at), name) || has(rule.substr(at), "\"bgplb*\"");
}

// The families whose packets a strict reverse path filter drops, without a match on the link.
std::set<Family> filteredByPath(std::string_view rule) {
  std::set<Family> families{Family::V4, Family::V6};
  for (const auto& [text, family] :
       {std::pair{std::string_view("meta nfproto ipv4 "), Family::V4},
        std::pair{std::string_view("meta nfproto ipv6 "), Family::V6}}) {
    if (!rule.starts_with(text)) continue;
    families = {family};
    rule.remove_prefix(text.size());
  }
  const bool strict = rule.starts_with("fib saddr . ") && has(rule, ". iif oif ");
  if (strict && has(rule, " drop")) return families;
  return {};
}

std::string advice(const TableName& table, const char* ofFirewalld, const char* ofOthers) {
  return table.name == "firewalld" ? ofFirewalld : ofOthers;
}

}  // namespace

std::vector<TableName> foreignFilters(std::string_view chains) {
  std::vector<TableName> found;
  TableName table;
  while (!chains.empty()) {
    std::string_view line = trimmed(cut(chains, '\n'));
    if (line.starts_with("table ")) {
      cut(line, ' ');
      table.family = cut(line, ' ');
      table.name = cut(line, ' ');
    } else if (isBase(line, "forward") || isBase(line, "prerouting")) {
      const bool routed = table.family == "inet" || table.family == "ip" || table.family == "ip6";
      if (!routed || isOfIptables(table) || isOurs(table)) continue;
      if (found.empty() || found.back() != table) found.push_back(table);
    }
  }
  return found;
}

std::string obstacle(const TableName& table, std::string_view listing,
                     const std::set<Family>& vips) {
  bool stops = false;
  bool accepts = false;
  std::set<Family> byPath;
  bool forward = false;  // in a base chain of the hook
  bool prerouting = false;
  while (!listing.empty()) {
    const std::string_view line = trimmed(cut(listing, '\n'));
    if (line.starts_with("chain ")) forward = prerouting = false;
    if (isBase(line, "forward")) {
      forward = true;
      stops = stops || has(line, "policy drop");
    }
    prerouting = prerouting || isBase(line, "prerouting");
    stops = stops || (forward && stopsEverything(line));
    accepts = accepts || acceptsVips(line);
    if (prerouting) byPath.merge(filteredByPath(line));
  }
  std::string text;
  if (stops && !accepts) {
    text = fmt::format(
        "nft table {} {} stops forwarded packets that none of its rules accepts, and no rule is "
        "for "
        "{}*: {}",
        table.family, table.name, core::kBridgePrefix,
        advice(table, "firewall-cmd --permanent --zone=docker --add-interface=bgplb-+",
               "accept oifname \"bgplb-*\" there"));
  }
  std::erase_if(byPath, [&vips](Family family) { return !vips.contains(family); });
  if (byPath.empty()) return text;
  return text + fmt::format(
                    "{}nft table {} {} has a strict reverse path filter, which drops replies from "
                    "VIPs: {}",
                    text.empty() ? "" : "; ", table.family, table.name,
                    advice(table, "set IPv6_rpfilter=loose in firewalld.conf",
                           "leave out the links of Docker's bridges"));
}

}  // namespace bgplb::firewall
