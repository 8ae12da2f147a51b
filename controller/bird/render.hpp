#pragma once
// Values -> the text of BIRD's configuration files. Pure: equal values give equal bytes, so that a
// comparison of bytes says whether BIRD has to read anything.

#include "base/address.hpp"
#include "base/result.hpp"
#include "core/route_attributes.hpp"
#include "core/routing_config.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace bgplb::bird {

// The main configuration. Invalid, with every reason, when BIRD would refuse a value
// (core/routing_config.hpp), or when the template is broken or names a variable that does not
// exist.
Result<std::string> renderMain(const std::string& templateText, const core::RoutingConfig& config);

// A line of what the two static protocols include. `localAs` is named in the bandwidth's community.
std::string renderRoute(const Prefix& prefix, const core::RouteAttributes& attributes,
                        std::uint32_t localAs);

// The prefix of such a line, its end included; none if it is no such line.
std::optional<Prefix> parseRoute(std::string_view line);
// Those in a file, perhaps of a former run of the program.
std::set<Prefix> parseRoutes(std::string_view text);
// The same text without the lines of `routes`.
std::string withoutRoutes(std::string_view text, const std::set<Prefix>& routes);

}  // namespace bgplb::bird
