#pragma once
// Renders BIRD's configuration files; BirdRouting renders the main file, Announcements the routes.
// Pure: equal values give equal bytes, so comparing bytes shows whether BIRD has to reconfigure.

#include "base/address.hpp"
#include "base/result.hpp"
#include "core/route_attributes.hpp"
#include "core/routing_config.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace bgplb::bird {

// Renders the main configuration. Invalid, with every reason: BIRD would refuse a value
// (core/routing_config.hpp), the template has a syntax error, or it uses an unknown variable.
Result<std::string> renderMain(const std::string& templateText, const core::RoutingConfig& config);

// Renders one line of a route file. The link bandwidth community contains `localAs`.
std::string renderRoute(const Prefix& prefix, const core::RouteAttributes& attributes,
                        std::uint32_t localAs);

// The prefix of a line that renderRoute() wrote, including its line break; none for any other text.
std::optional<Prefix> parseRoute(std::string_view line);
// The prefixes of a route file; other lines are ignored.
std::set<Prefix> parseRoutes(std::string_view text);
// A route file without the lines of `routes`.
std::string withoutRoutes(std::string_view text, const std::set<Prefix>& routes);

}  // namespace bgplb::bird
