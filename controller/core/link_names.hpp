#pragma once
// Names and numbers that identify the kernel objects of this plugin: link names derived from
// Docker's ids, the next hops' addresses, firewall marks and rule priorities. The netlink adapter
// recognises our objects by them, and by those of core/instance.hpp, after a restart.

#include "base/address.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bgplb::core {

// A backend's number in its network, 1 to kSlots. It determines the next hop's address, the
// connection mark and the routing table. A backend keeps its slot while its neighbour entries
// exist.
using Slot = unsigned;
inline constexpr Slot kSlots = 254;         // backends of one VIP on one host
Address nextHop(Family family, Slot slot);  // 169.254.77.N (RFC 3927), fe80::77:N (RFC 4291)
std::optional<Slot> slotOf(const Address& address);  // none: not the address of a next hop

// The bits of the firewall mark (fwmark) and connection mark that hold a slot.
inline constexpr unsigned kSlotMarkShift = 20;
inline constexpr std::uint32_t kSlotMarkMask = 0xffU << kSlotMarkShift;
inline constexpr std::uint32_t kSlotRulePriority = 17'800;  // + slot: before the main table's rule
inline constexpr std::uint32_t kUdpRulePriority = 17'500;   // + slot: for UDP, before that rule

// A link name holds 15 characters (IFNAMSIZ - 1).
inline constexpr std::string_view kBridgePrefix = "bgplb-";
std::string bridgeName(const NetworkId& network);           // "bgplb-" + 9 characters of the id
std::string vethHostName(const EndpointId& endpoint);       // "bgl" + 12 characters of the id
std::string vethContainerName(const EndpointId& endpoint);  // "bgc" + 12 characters of the id
bool isVethHostName(std::string_view link);
// The lowest id of an endpoint whose host end has that name. An ordered map of endpoints is
// searched with it.
EndpointId firstEndpointOf(std::string_view vethHost);

}  // namespace bgplb::core
