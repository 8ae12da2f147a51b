#include "firewall/entry_rules.hpp"

#include "base/cut.hpp"
#include "core/link_names.hpp"
#include "firewall/plain_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace bgplb::firewall {

namespace {

// The relevant parts of the raw table, for one instance.
struct RawTable {
  std::string entryChain;
  std::string sourcesChain;
  std::string jump;  // without "-A "
  EntryRules own;
  bool entry = false;  // the chain exists
  bool sources = false;
  std::size_t jumps = 0;
};

RawTable parse(std::string_view saved, core::Instance instance) {
  RawTable table{.entryChain = instance.entryChain(),
                 .sourcesChain = instance.sourcesChain(),
                 .jump = fmt::format("PREROUTING -j {}", instance.entryChain()),
                 .own = {}};
  const std::string jump = fmt::format("-A {}", table.jump);
  const std::string entryRule = fmt::format("-A {} ", table.entryChain);
  const std::string sourcesRule = fmt::format("-A {} ", table.sourcesChain);
  bool inRaw = false;
  while (!saved.empty()) {
    const std::string_view line = cut(saved, '\n');
    if (line.starts_with('*')) inRaw = line == "*raw";
    if (!inRaw) continue;
    if (line.starts_with(':')) {  // ":BGPLB-ENTRY - [0:0]"
      const std::string_view name = line.substr(1, line.find(' ') - 1);
      if (name == table.entryChain) table.entry = true;
      if (name == table.sourcesChain) table.sources = true;
    } else if (line == jump) {
      ++table.jumps;
    } else if (line.starts_with(entryRule)) {
      table.own.entry.emplace_back(line.substr(entryRule.size()));
    } else if (line.starts_with(sourcesRule)) {
      table.own.sources.emplace_back(line.substr(sourcesRule.size()));
    }
  }
  return table;
}

std::string hostPrefix(const Address& address) {
  return fmt::format("{}/{}", address.toString(), address.isV4() ? 32 : 128);
}

void addListener(EntryRules& rules, Family family, const Listener& listener) {
  const std::string port = fmt::format("-p tcp -m tcp --dport {}", listener.port);
  for (const auto& peer : listener.peers) {
    if (peer.family() != family) continue;
    rules.entry.push_back(fmt::format("-s {} {} -j RETURN", hostPrefix(peer), port));
  }
  for (const auto& address : listener.addresses) {
    if (address.family() != family) continue;
    rules.entry.push_back(fmt::format("-d {} {} -j DROP", hostPrefix(address), port));
  }
  // Forwarded packets pass this chain as well.
  if (listener.wildcards.contains(family)) {
    rules.entry.push_back(fmt::format("{} -m addrtype --dst-type LOCAL -j DROP", port));
  }
}

// rp_filter exists for IPv4 only.
void addSources(EntryRules& rules, const std::string& sourcesChain,
                const std::set<std::string>& loosened, const std::set<Address>& vips) {
  for (const auto& link : loosened) {
    if (!isPlainLinkName(link)) continue;
    rules.entry.push_back(fmt::format("-i {} -m rpfilter --invert -j {}", link, sourcesChain));
  }
  if (rules.entry.empty()) return;
  for (const auto& vip : vips) {
    if (vip.isV4()) rules.sources.push_back(fmt::format("-s {} -j RETURN", hostPrefix(vip)));
  }
  rules.sources.emplace_back("-j DROP");
}

std::string create(std::string_view chain, const std::vector<std::string>& rules) {
  std::string commands = fmt::format(":{} - [0:0]\n", chain);  // creates or flushes the chain
  for (const std::string& rule : rules) commands += fmt::format("-A {} {}\n", chain, rule);
  return commands;
}

std::string planAbsent(const RawTable& table) {
  std::string commands;
  for (std::size_t jump = 0; jump < table.jumps; ++jump) {
    commands += fmt::format("-D {}\n", table.jump);
  }
  for (const char* command : {"-F", "-X"}) {
    if (table.entry) commands += fmt::format("{} {}\n", command, table.entryChain);
    if (table.sources) commands += fmt::format("{} {}\n", command, table.sourcesChain);
  }
  return commands;
}

std::string planPresent(const RawTable& table, const EntryRules& wanted,
                        const EntryRules& asListed) {
  std::string commands;
  const bool same = table.own == wanted || (table.own == asListed && !asListed.entry.empty());
  if (!table.entry || !table.sources || !same) {
    commands = create(table.sourcesChain, wanted.sources) + create(table.entryChain, wanted.entry);
  }
  for (std::size_t jump = 1; jump < table.jumps; ++jump) {
    commands += fmt::format("-D {}\n", table.jump);
  }
  if (table.jumps == 0) commands += fmt::format("-I {}\n", table.jump);
  return commands;
}

}  // namespace

// The filter of sources comes first: a container may forge the address of a peer.
EntryRules entryRules(core::Instance instance, Family family, const HostRules& host,
                      const std::set<Address>& vips) {
  EntryRules rules;
  if (host.vips && family == Family::V4) {
    addSources(rules, instance.sourcesChain(), host.loosened, vips);
  }
  if (host.vips) rules.entry.push_back(fmt::format("-i {}+ -j DROP", core::kBridgePrefix));
  if (host.listener) addListener(rules, family, *host.listener);
  return rules;
}

EntryRules parseEntry(std::string_view saved, core::Instance instance) {
  return parse(saved, instance).own;
}

std::string planEntry(core::Instance instance, std::string_view saved, const EntryRules& wanted,
                      const EntryRules& asListed) {
  const RawTable table = parse(saved, instance);
  const std::string commands =
      wanted.entry.empty() ? planAbsent(table) : planPresent(table, wanted, asListed);
  return commands.empty() ? commands : fmt::format("*raw\n{}COMMIT\n", commands);
}

}  // namespace bgplb::firewall
