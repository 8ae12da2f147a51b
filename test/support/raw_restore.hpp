#pragma once
// A model of the raw table and of `iptables-restore --noflush`, limited to the commands of
// planEntry().

#include "firewall/entry_rules.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bgplb::test {

struct RawTable {
  std::map<std::string, std::vector<std::string>> chains;

  // Reads the output of iptables-save.
  explicit RawTable(const std::string& saved) {
    chains["PREROUTING"];
    std::istringstream lines(saved);
    bool inRaw = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('*')) inRaw = line == "*raw";
      if (!inRaw) continue;
      const std::string first = line.substr(0, line.find(' '));
      if (first.size() > 1 && first[0] == ':') chains[first.substr(1)];
      if (line.starts_with("-A ")) addRule(line.substr(3));
    }
  }

  // The output of iptables-save.
  std::string saved() const {
    std::string text = "*raw\n";
    for (const auto& [chain, rules] : chains) text += ":" + chain + " - [0:0]\n";
    for (const auto& [chain, rules] : chains) {
      for (const auto& rule : rules) text += "-A " + chain + " " + rule + "\n";
    }
    return text + "COMMIT\n";
  }

  // Throws if iptables-restore would refuse a command.
  void restore(const std::string& commands) {
    std::istringstream lines(commands);
    for (std::string line; std::getline(lines, line);) {
      const auto needs = [&line](bool condition) {
        if (!condition) throw std::logic_error("iptables-restore would refuse: " + line);
      };
      if (line == "*raw" || line == "COMMIT") continue;
      std::istringstream words(line);
      std::string verb;
      std::string chain;
      words >> verb >> chain;
      const std::string rule = line.substr(std::min(line.size(), verb.size() + chain.size() + 2));
      if (verb[0] == ':') {
        chains[verb.substr(1)].clear();
        continue;
      }
      needs(chains.contains(chain));
      auto& rules = chains[chain];
      const auto target = rule.rfind("-j BGPLB");
      if (target != std::string::npos) needs(chains.contains(rule.substr(target + 3)));
      if (verb == "-A") {
        rules.push_back(rule);
      } else if (verb == "-I") {
        rules.insert(rules.begin(), rule);
      } else if (verb == "-D") {
        const auto found = std::find(rules.begin(), rules.end(), rule);
        needs(found != rules.end());
        rules.erase(found);
      } else if (verb == "-F") {
        rules.clear();
      } else {
        needs(verb == "-X" && rules.empty() && !isUsed(chain));
        chains.erase(chain);
      }
    }
  }

  // Everything but the instance's chains and the jump to them.
  std::map<std::string, std::vector<std::string>> ofOthers(
      core::Instance instance = core::Instance{}) const {
    auto others = chains;
    others.erase(instance.entryChain());
    others.erase(instance.sourcesChain());
    std::erase(others["PREROUTING"], "-j " + instance.entryChain());
    return others;
  }

 private:
  void addRule(const std::string& text) {
    const auto space = text.find(' ');
    if (space == std::string::npos || space == 0) return;
    chains[text.substr(0, space)].push_back(text.substr(space + 1));
  }
  bool isUsed(const std::string& chain) const {
    const std::string jump = "-j " + chain;
    return std::any_of(chains.begin(), chains.end(), [&jump](const auto& entry) {
      return std::any_of(entry.second.begin(), entry.second.end(),
                         [&jump](const auto& rule) { return rule.ends_with(jump); });
    });
  }
};

}  // namespace bgplb::test
