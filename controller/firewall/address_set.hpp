#pragma once
// A named set of addresses in an nft table. Pure. Used by the tables with the VIPs.

#include "base/address.hpp"

#include <string>

namespace bgplb::firewall {

// `elements`: addresses of the family, separated by ", "; empty: none. The set is declared by
// `typeof`. A set that nft 1.1 has declared by `type` crashes nft 1.0 (Debian 12) when it lists the
// rules, and an administrator's nft reads all tables of the host before it loads any.
std::string addressSet(const std::string& name, Family family, const std::string& elements);

}  // namespace bgplb::firewall
