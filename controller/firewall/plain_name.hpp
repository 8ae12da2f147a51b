#pragma once
// Which names of links can stand in rules. Pure. Used by everything that writes rules for links.

#include <string_view>

namespace bgplb::firewall {

// Whether the name of a link can stand in quotes in nft's rules, and in those of iptables. Docker
// accepts any character in the name of a bridge; nft reads a star as a wildcard, iptables a plus
// sign at the end.
bool isPlainLinkName(std::string_view link);

}  // namespace bgplb::firewall
