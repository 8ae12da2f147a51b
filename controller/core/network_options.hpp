#pragma once
// The `-o NAME=VALUE` of `docker network create`.

#include "base/result.hpp"

#include <map>
#include <optional>
#include <string>

namespace bgplb::core {

using NetworkOptions = std::map<std::string, std::string>;

// Options of Docker's own (com.docker.*) are none of our business, but one that nobody knows is a
// typing error: Invalid.
Result<void> checkOptions(const NetworkOptions& options);

// `docker network create -o com.docker.network.driver.mtu=N`, bytes; the default if it is not given.
// Invalid for anything that is no MTU (68, RFC 791, to 65535).
inline constexpr const char* kMtuOption = "com.docker.network.driver.mtu";
Result<unsigned> mtuOf(const NetworkOptions& options);

// `docker network create -o bgplb.weight=N`, 1 to 1000000; none if it is not given. Invalid for
// anything else.
inline constexpr const char* kWeightOption = "bgplb.weight";
Result<std::optional<unsigned>> weightOf(const NetworkOptions& options);

}  // namespace bgplb::core
