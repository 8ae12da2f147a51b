#pragma once
// The `-o NAME=VALUE` of `docker network create`, from text to one value. docker/plugin_api reads
// CreateNetwork's, core/fold those of Docker's network list. A new option is a field here and a row
// of the table in network_options.cpp.

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

struct NetworkOptions {
  unsigned mtu = kDefaultMtu;  // kMtuOption: bytes, 68 (RFC 791) to 65535
  std::optional<unsigned>
      weight;  // kWeightOption: of each ready backend, 1 to 1000000; none: no weight
  RouteAttributes attributes;  // of the network's VIPs, whatever backends are ready
  friend bool operator==(const NetworkOptions&, const NetworkOptions&) = default;
};

// Invalid, with every problem: a value that cannot be read, or an unknown option. Docker's own
// options (com.docker.*) are ignored unless they are ours as well.
Result<NetworkOptions> parseOptions(const OptionTexts& texts);
// The same of a network that exists: another version of this plugin may have accepted other
// options, so an option that cannot be read has its default.
NetworkOptions readableOptions(const OptionTexts& texts);

// The attributes with which the VIPs of a network are announced while `readyBackends` are ready.
RouteAttributes announcedAttributes(const NetworkOptions& options, std::size_t readyBackends);

}  // namespace bgplb::core
