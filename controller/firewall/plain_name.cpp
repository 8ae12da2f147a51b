#include "firewall/plain_name.hpp"

#include <algorithm>

namespace bgplb::firewall {

bool isPlainLinkName(std::string_view link) {
  return !link.empty() && std::all_of(link.begin(), link.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '@';
  });
}

}  // namespace bgplb::firewall
