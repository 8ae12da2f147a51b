#pragma once
// Reads the attributes of an rtnetlink message (rtnetlink(7)). Pure. Used by the codecs only.

#include "base/address.hpp"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace bgplb::netlink {

// The attributes of one nesting level, by type. If several have the same type, the last one counts,
// as in the kernel.
template <std::size_t Max>
class Attributes {
 public:
  // The attributes that follow a family header of `fixed` bytes.
  Attributes(const nlmsghdr& message, std::size_t fixed) {
    const auto* start = static_cast<const char*>(
        mnl_nlmsg_get_payload_offset(&message, static_cast<unsigned>(fixed)));
    // Not mnl_nlmsg_get_payload_tail(): it rounds up and may point beyond the end of the message.
    const auto* end = reinterpret_cast<const char*>(&message) + message.nlmsg_len;
    if (start < end) addAll(start, end);
  }
  explicit Attributes(const nlattr& nest) {
    const auto* start = static_cast<const char*>(mnl_attr_get_payload(&nest));
    addAll(start, start + mnl_attr_get_payload_len(&nest));
  }

  const nlattr* find(std::size_t type) const { return type <= Max ? table_[type] : nullptr; }

  std::optional<std::uint32_t> u32(std::size_t type) const {
    const nlattr* attribute = find(type);
    if (attribute == nullptr || mnl_attr_get_payload_len(attribute) < 4) return std::nullopt;
    return mnl_attr_get_u32(attribute);
  }
  std::string text(std::size_t type) const {
    const nlattr* attribute = find(type);
    if (attribute == nullptr) return {};
    const auto* start = static_cast<const char*>(mnl_attr_get_payload(attribute));
    return {start, strnlen(start, mnl_attr_get_payload_len(attribute))};
  }
  std::optional<Address> address(std::size_t type, int family) const {
    const nlattr* attribute = find(type);
    const std::size_t size = family == AF_INET ? 4 : 16;
    if (attribute == nullptr || mnl_attr_get_payload_len(attribute) < size) return std::nullopt;
    return Address::fromBytes(family == AF_INET ? Family::V4 : Family::V6,
                              static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute)));
  }
  std::optional<MacAddress> mac(std::size_t type) const {
    const nlattr* attribute = find(type);
    if (attribute == nullptr || mnl_attr_get_payload_len(attribute) != 6) return std::nullopt;
    return MacAddress::fromBytes(static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute)));
  }

 private:
  void addAll(const char* start, const char* end) {
    const auto* attribute = reinterpret_cast<const nlattr*>(start);
    while (
        mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)))) {
      add(attribute);
      attribute = mnl_attr_next(attribute);
    }
  }
  void add(const nlattr* attribute) {
    const std::size_t type = mnl_attr_get_type(attribute);
    if (type <= Max) table_[type] = attribute;
  }

  std::array<const nlattr*, Max + 1> table_{};
};

template <typename Header>
const Header* familyHeader(const nlmsghdr& message) {
  if (message.nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(Header)) return nullptr;
  return static_cast<const Header*>(mnl_nlmsg_get_payload(&message));
}

}  // namespace bgplb::netlink
