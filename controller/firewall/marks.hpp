#pragma once
// The bits of connection marks (ct mark) and packet marks (fwmark) that our rules use. Other
// programs use the same 32 bits for their own connections, so our rules read and change these bits
// only in connections to a VIP (docs/decisions/0019-marks-beside-other-programs.md).
//
//   ct mark, bit 12          the connection is to a VIP, and bits 20-27 are ours
//   ct mark, bits 20-27      the slot of its backend; kUnknownSlot: not recorded by nft
//   packet mark, bits 20-27  the slot, from our last rule before routing on
//
// All instances of the plugin use these bits alike: their rules are the same, and the second one
// finds what it would set. The slots of two instances may be equal, because a slot's routing table
// belongs to one instance and has only its VIPs; a lookup continues after the other's table.
//
// A connection in which another program has set bits 20-27 gets neither: its bits are left alone.

#include "core/link_names.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace bgplb::firewall {

inline constexpr std::uint32_t kVipMark = 0x1000;
inline constexpr std::uint32_t kUnknownSlot = 255;
static_assert(kUnknownSlot > core::kSlots);
inline constexpr std::uint32_t kUnknownMark = kVipMark | kUnknownSlot << core::kSlotMarkShift;

// As iptables prints value and mask.
inline std::string withMask(std::uint32_t value, std::uint32_t mask) {
  return fmt::format("{:#x}/{:#x}", value, mask);
}

}  // namespace bgplb::firewall
