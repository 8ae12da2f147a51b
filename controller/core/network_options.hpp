#pragma once
// Parses the options `-o NAME=VALUE` of `docker network create`. docker/plugin_api parses those of
// the CreateNetwork call, core/fold_networks those of Docker's network list. A new option needs a
// field here and a row in the table of network_options.cpp.

#include "base/result.hpp"
#include "core/kernel_network.hpp"
#include "core/route_attributes.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace bgplb::core {

using OptionTexts = std::map<std::string, std::string>;

inline constexpr const char* kMtuOption = "com.docker.network.driver.mtu";
inline constexpr const char* kWeightOption = "bgplb.weight";
inline constexpr const char* kMssOption = "bgplb.mss";

// Limits of a maximum segment size in bytes: 536 is what every IPv4 host accepts (RFC 9293 section
// 3.7.1), the other one the largest IPv4 packet without its headers.
inline constexpr unsigned kLeastMss = 536;
inline constexpr unsigned kLargestMss = 65495;

struct NetworkOptions {
  unsigned mtu = kDefaultMtu;      // kMtuOption: bytes, 68 (RFC 791) to 65535
  std::optional<unsigned> weight;  // kWeightOption: of each ready backend, 1 to 1000000
  std::optional<unsigned> mss;     // kMssOption: bytes, kLeastMss to kLargestMss
  RouteAttributes attributes;      // of the network's VIPs, independent of the ready backends
  friend bool operator==(const NetworkOptions&, const NetworkOptions&) = default;
};

// Invalid: lists every unknown option and every invalid value. Other options of Docker
// (com.docker.*) are ignored.
Result<NetworkOptions> parseOptions(const OptionTexts& texts);
// For an existing network, which another version of this plugin may have accepted with other
// options: an unknown option is ignored, and an option with an invalid value has its default.
NetworkOptions readableOptions(const OptionTexts& texts);

// IPv6 needs an MTU of 1280 bytes (RFC 8200 section 5): with a smaller MTU, the kernel removes IPv6
// from the link. Invalid: the network has an IPv6 VIP and a smaller MTU.
Result<void> checkMtu(const NetworkOptions& options, bool hasIpv6Vip);
// The MTU of the network's links in bytes: checkMtu() was added after some networks were created.
unsigned linkMtu(const NetworkOptions& options, bool hasIpv6Vip);

// The attributes of the network's VIPs while `readyBackends` backends are ready.
RouteAttributes announcedAttributes(const NetworkOptions& options, std::size_t readyBackends);

}  // namespace bgplb::core
