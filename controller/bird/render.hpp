#pragma once
// Values -> the text of BIRD's configuration files. Pure: equal values give equal bytes, so that a
// comparison of bytes says whether BIRD has to read anything.

#include "base/address.hpp"
#include "base/result.hpp"
#include "core/bird_model.hpp"
#include "core/link_bandwidth.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace bgplb::bird {

// The main configuration. Invalid, with every reason, when the model holds what BIRD cannot take,
// or when the template is broken or names a variable that does not exist.
Result<std::string> renderMain(const std::string& templateText, const core::BirdModel& model);

// What the two static protocols include, one family a file.
struct RouteFiles {
  std::string vips4;
  std::string vips6;
};
// What is announced, and with which bandwidth if with any.
using Routes = std::map<Prefix, std::optional<core::LinkBandwidth>>;
RouteFiles renderRoutes(const Routes& routes, std::uint32_t localAs);

// The prefixes in a file that renderRoutes() made, perhaps by a former run of the program. Lines it
// cannot read are passed over.
std::set<Prefix> parseRoutes(std::string_view text);

// Nothing, or why BIRD or the kernel cannot take this TCP MD5 password. Never quotes it.
std::string passwordProblem(std::string_view password);

}  // namespace bgplb::bird
