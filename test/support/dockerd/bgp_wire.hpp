#pragma once
// The part of BGP's wire format (RFC 4271, RFC 4760) that a peer needs to receive routes.

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

// Removes the first message from `bytes` and returns it. None: the message is incomplete.
std::optional<Message> takeMessage(std::string& bytes);
// Throws std::runtime_error for a malformed UPDATE.
Update parseUpdate(std::string_view body);

// An OPEN with the capabilities for IPv4 and IPv6 unicast and 4-byte AS numbers (RFC 6793).
std::string openMessage(std::uint32_t as, const Address& routerId, std::uint16_t holdTime);
std::string keepaliveMessage();

}  // namespace bgplb::test::bgp
