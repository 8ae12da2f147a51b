#include "firewall/rules.hpp"

#include "base/cut.hpp"
#include "firewall/marks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>

namespace bgplb::firewall {

namespace {

std::string jumpTo(core::Instance instance) { return "-j " + instance.forwardChain(); }

bool isJumpOfAnyInstance(const std::string& rule) {
  static const std::set<std::string> jumps = [] {
    std::set<std::string> all;
    for (unsigned number = 1; number <= core::kInstances; ++number) {
      all.insert(jumpTo(core::Instance(number)));
    }
    return all;
  }();
  return jumps.contains(rule);
}

bool leadsToDocker(const std::string& rule) {
  return rule.starts_with("-j DOCKER") || rule.find(" -j DOCKER") != std::string::npos;
}

// No packet reaches the rules after such a rule.
bool dropsEverything(const std::string& rule) {
  return rule == "-j DROP" || rule.starts_with("-j REJECT");
}

// The position of our jump in FORWARD.
struct Place {
  std::size_t index = 0;  // among the rules that are not our jump
  bool exactly = false;   // false: any earlier position is correct, too
};

Place placeOf(const std::vector<std::string>& others) {
  const auto index = [&others](auto found) {
    return static_cast<std::size_t>(found - others.begin());
  };
  const auto user = std::find(others.begin(), others.end(), "-j DOCKER-USER");
  if (user != others.end()) return {.index = index(user) + 1, .exactly = true};
  // Docker 20.10 creates DOCKER-USER only for IPv4.
  const auto docker = std::find_if(others.begin(), others.end(), leadsToDocker);
  if (docker != others.end()) return {.index = index(docker), .exactly = false};
  const auto end = std::find_if(others.begin(), others.end(), dropsEverything);
  return {.index = index(end), .exactly = false};
}

// The jumps of other instances in FORWARD that precede the place behind `others` rules of other
// programs.
std::size_t foreignJumpsBefore(std::size_t others, const std::vector<std::string>& forward,
                               const std::string& ownJump) {
  std::size_t jumps = 0;
  for (const std::string& rule : forward) {
    if (others == 0) break;
    if (!isJumpOfAnyInstance(rule)) {
      --others;
    } else if (rule != ownJump) {
      ++jumps;
    }
  }
  return jumps;
}

}  // namespace

bool FilterTable::isBare() const {
  return (policy.empty() || policy == "ACCEPT") &&
         std::all_of(forward.begin(), forward.end(), isJumpOfAnyInstance);
}

FilterTable parse(std::string_view saved, core::Instance instance) {
  FilterTable table;
  const std::string chain = instance.forwardChain();
  const std::string ownRule = fmt::format("-A {} ", chain);
  constexpr std::string_view kForwardRule = "-A FORWARD ";
  bool inFilter = false;
  while (!saved.empty()) {
    const std::string_view line = cut(saved, '\n');
    if (line.starts_with("# Table `filter' ")) table.incompatible = true;
    if (line.starts_with('*')) inFilter = line == "*filter";
    if (!inFilter) continue;
    if (line.starts_with(':')) {  // ":FORWARD DROP [12:3456]"
      const std::string_view name = line.substr(1, line.find(' ') - 1);
      if (name == "DOCKER") table.docker = true;
      if (name == chain && !table.own) table.own.emplace();
      if (name == "FORWARD") {
        const std::string_view rest = line.substr(1 + name.size());
        const std::size_t begin = std::min(rest.find_first_not_of(' '), rest.size());
        table.policy = rest.substr(begin, rest.find(' ', begin) - begin);
      }
    } else if (line.starts_with(kForwardRule)) {
      table.forward.emplace_back(line.substr(kForwardRule.size()));
    } else if (line.starts_with(ownRule) && table.own) {
      table.own->emplace_back(line.substr(ownRule.size()));
    }
  }
  return table;
}

const std::vector<std::string>& ownRules(Family family) {
  static const std::vector<std::string> v4 = [] {
    const std::string noSlot = withMask(0, core::kSlotMarkMask);
    return std::vector<std::string>{
        fmt::format("! -i bgplb-+ -o bgplb-+ -m connmark --mark {} -j CONNMARK --set-xmark {}",
                    noSlot, withMask(kUnknownMark, kUnknownMark)),
        "! -i bgplb-+ -o bgplb-+ -j ACCEPT",
        // A mark of another program may contain our bit: NetBird's 0x1bd10 does.
        fmt::format("-m connmark ! --mark {} -m connmark --mark {} -m conntrack --ctstate "
                    "RELATED,ESTABLISHED -j ACCEPT",
                    noSlot, withMask(kVipMark, kVipMark))};
  }();
  static const std::vector<std::string> v6 = [] {
    auto rules = v4;
    for (const int type : {135, 136}) {  // neighbor solicitation and advertisement (RFC 4861)
      rules.push_back(fmt::format(
          "-i bgplb_+ -o bgplb_+ -p ipv6-icmp -m icmp6 --icmpv6-type {} -j ACCEPT", type));
    }
    return rules;
  }();
  return family == Family::V4 ? v4 : v6;
}

std::string planPresent(core::Instance instance, Family family, const FilterTable& table,
                        const std::vector<std::string>& asListed) {
  const auto& wanted = ownRules(family);
  const std::string chain = instance.forwardChain();
  const std::string jump = jumpTo(instance);
  std::string commands;
  if (table.own != wanted && (!table.own || *table.own != asListed || asListed.empty())) {
    commands += fmt::format(":{} - [0:0]\n", chain);  // creates or flushes the chain
    for (const std::string& rule : wanted) commands += fmt::format("-A {} {}\n", chain, rule);
  }

  // The jumps of all instances are equivalent, so those of the others do not count for our place.
  // An instance that moved its jump before another's would make that one move its own.
  std::vector<std::string> others;
  std::optional<std::size_t> first;  // number of other rules before our first jump
  std::size_t jumps = 0;
  for (const std::string& rule : table.forward) {
    if (rule == jump) {
      ++jumps;
      if (!first) first = others.size();
    } else if (!isJumpOfAnyInstance(rule)) {
      others.push_back(rule);
    }
  }
  const Place place = placeOf(others);
  const bool placed = jumps == 1 && (place.exactly ? *first == place.index : *first <= place.index);
  if (!placed) {
    for (; jumps > 0; --jumps) commands += fmt::format("-D FORWARD {}\n", jump);
    const std::size_t before = place.index + foreignJumpsBefore(place.index, table.forward, jump);
    commands += fmt::format("-I FORWARD {} {}\n", before + 1, jump);
  }
  return commands.empty() ? commands : fmt::format("*filter\n{}COMMIT\n", commands);
}

std::string planAbsent(core::Instance instance, const FilterTable& table) {
  const std::string jump = jumpTo(instance);
  std::string commands;
  for (const std::string& rule : table.forward) {
    if (rule == jump) commands += fmt::format("-D FORWARD {}\n", jump);
  }
  if (table.own) commands += fmt::format("-F {0}\n-X {0}\n", instance.forwardChain());
  return commands.empty() ? commands : fmt::format("*filter\n{}COMMIT\n", commands);
}

}  // namespace bgplb::firewall
