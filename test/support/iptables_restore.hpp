#pragma once
// A model of `iptables-restore --noflush`, limited to the commands that our plans use.

#include "firewall/rules.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>

namespace bgplb::test {

// Returns the table after `commands`. Throws if iptables-restore would refuse a command.
inline firewall::FilterTable restored(firewall::FilterTable table, const std::string& commands,
                                      core::Instance instance = core::Instance{}) {
  const std::string chain = instance.forwardChain();
  const std::string jump = "-j " + chain;
  const std::string ownRule = "-A " + chain + " ";
  std::istringstream lines(commands);
  for (std::string line; std::getline(lines, line);) {
    const auto needs = [&line](bool condition) {
      if (!condition) throw std::logic_error("iptables-restore would refuse: " + line);
    };
    std::istringstream words(line);
    std::string verb;
    std::string name;
    words >> verb >> name;
    const auto jumping = std::find(table.forward.begin(), table.forward.end(), jump);
    if (verb == ":" + chain || (verb == "-F" && name == chain)) {
      table.own.emplace();
    } else if (line.starts_with(ownRule)) {
      needs(table.own.has_value());
      table.own->push_back(line.substr(ownRule.size()));
    } else if (verb == "-X") {
      needs(table.own.has_value() && table.own->empty() && jumping == table.forward.end());
      table.own.reset();
    } else if (verb == "-D") {
      needs(jumping != table.forward.end());
      table.forward.erase(jumping);
    } else if (verb == "-I") {
      std::size_t at = 0;
      words >> at;
      needs(table.own.has_value() && at >= 1 && at <= table.forward.size() + 1);
      table.forward.insert(table.forward.begin() + static_cast<std::ptrdiff_t>(at - 1), jump);
    } else {
      needs(line == "*filter" || line == "COMMIT");
    }
  }
  return table;
}

}  // namespace bgplb::test
