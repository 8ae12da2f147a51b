#pragma once
// As much of BGP's wire format (RFC 4271, RFC 4760) as a peer needs that takes routes and sends
// none.

#include "base/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::test::bgp {

enum class Type : std::uint8_t { Open = 1, Update = 2, Notification = 3, Keepalive = 4 };

struct Message {
  Type type;
  std::string body;
};

struct Update {
  std::vector<Prefix> announced;
  std::vector<Prefix> withdrawn;
};

// Takes the first whole message off the front of `bytes`; none: it is not complete yet.
std::optional<Message> takeMessage(std::string& bytes);
// Throws std::runtime_error for what is no UPDATE.
Update parseUpdate(std::string_view body);

// With the capabilities for IPv4 and IPv6 unicast and 4-byte AS numbers (RFC 6793).
std::string openMessage(std::uint32_t as, const Address& routerId, std::uint16_t holdTime);
std::string keepaliveMessage();

}  // namespace bgplb::test::bgp
