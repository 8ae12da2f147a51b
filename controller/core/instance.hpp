#pragma once
// Which of several plugins on one host this one is: the setting INSTANCE. Every kernel object has
// the number, so that no instance recognises another's object as its own. Pure. Used by the
// adapters netlink and firewall, and by App, which holds the number (io/name_lock.hpp).
//
// The first instance has the names and numbers of versions without the setting. The connection
// marks are common to all instances (firewall/marks.hpp).

#include "base/address.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace bgplb::core {

inline constexpr unsigned kInstances = 8;

class Instance {
 public:
  constexpr explicit Instance(unsigned number = 1) : number_(number) {}  // 1 to kInstances

  constexpr unsigned number() const { return number_; }
  // rtm_protocol of our routes, nexthop objects and rules: 178 to 185 (rtnetlink(7); the kernel
  // defines 0-3, iproute2's rt_protos names others, of which FRR's begin at 186). An object with
  // this protocol is ours; others are never changed.
  constexpr unsigned char routeProtocol() const {
    return static_cast<unsigned char>(kFirstProtocol + number_ - 1);
  }
  static constexpr unsigned kFirstProtocol = 178;
  constexpr std::uint32_t slotTable() const { return routeProtocol() * 1000U; }  // + slot
  // The same for UDP: 178500 + slot, ...
  constexpr std::uint32_t udpTable() const { return slotTable() + 500; }

  // The ids of nexthop objects are shared by all programs in a network namespace. Other programs
  // count from 1.
  constexpr std::uint32_t firstNextHopId() const { return routeProtocol() * kNextHopIds; }
  static constexpr std::uint32_t kNextHopIds = 1U << 24;  // of each instance

  // The nft table "bgplb", "bgplb2", ...; names of further tables begin with it.
  std::string table() const;
  // The iptables chains "BGPLB-FORWARD", "BGPLB2-FORWARD", ...
  std::string forwardChain() const;
  std::string entryChain() const;
  std::string sourcesChain() const;
  // The name of the abstract unix socket that the running instance holds: "bgplb-1".
  std::string lockName() const;

  friend constexpr bool operator==(Instance, Instance) = default;

 private:
  std::string chain(const char* purpose) const;

  unsigned number_;
};

// The instance with that routeProtocol(); none: another program.
std::optional<Instance> instanceOf(unsigned char routeProtocol);
// The MAC address of a bridge: derived from its name and the instance, locally administered.
MacAddress bridgeAddress(const std::string& bridge, Instance instance);
// The instance that created the bridge; none: another program.
std::optional<Instance> instanceOf(const std::string& bridge,
                                   const std::optional<MacAddress>& address);

}  // namespace bgplb::core
