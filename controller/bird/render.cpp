#include "bird/render.hpp"

#include "bird/strict_context.hpp"
#include "bird/template_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace bgplb::bird {

namespace {

namespace mustache = kainjow::mustache;

constexpr std::string_view kRouteBegin = "route ";
constexpr std::string_view kRouteTarget = " blackhole";
constexpr std::string_view kPlainEnd = ";\n";
constexpr std::string_view kAttributesBegin = " { ";
constexpr std::string_view kAttributesEnd = " };\n";

constexpr std::uint32_t kLargestAs16 = 65535;
constexpr std::uint32_t kAsTrans = 23456;  // stands for an AS number of four octets (RFC 6793)
// The two high octets of the extended community. Type 0x00: two-octet AS, transitive, because
// external sessions drop non-transitive communities. Subtype 0x04: link bandwidth (RFC 10005).
constexpr std::uint32_t kLinkBandwidthType = 0x0004;

// A set of BIRD's filter language that matches the prefixes of one family and everything inside
// them; none: no such prefix.
std::optional<std::string> prefixSet(const std::vector<Prefix>& prefixes, Family family) {
  std::vector<std::string> patterns;
  for (const auto& prefix : prefixes) {
    if (prefix.family() == family) patterns.push_back(prefix.toString() + "+");
  }
  if (patterns.empty()) return std::nullopt;
  return fmt::format("[ {} ]", fmt::join(patterns, ", "));
}

mustache::data dataOf(const core::RoutingConfig& config) {
  auto data = templateData(config);
  put(data, "keepaliveTime", std::max(std::chrono::seconds(1), config.holdTime / 3));
  put(data, "limitsPrefixes", !config.allowedPrefixes.empty());
  put(data, "allowed4", prefixSet(config.allowedPrefixes, Family::V4));
  put(data, "allowed6", prefixSet(config.allowedPrefixes, Family::V6));
  mustache::data peers{mustache::data::type::list};
  for (const auto& peer : config.peers) peers << templateData(peer);
  data.set("peers", peers);
  return data;
}

// The community contains the bandwidth as a 32-bit IEEE 754 number.
std::string bandwidthText(core::LinkBandwidth bandwidth, std::uint32_t localAs) {
  const std::uint32_t as16 = localAs > kLargestAs16 ? kAsTrans : localAs;
  const auto number = static_cast<float>(bandwidth.bytesPerSecond);
  return fmt::format("bgp_ext_community.add((generic, {:#010x}, {:#010x}));",
                     kLinkBandwidthType << 16 | as16, std::bit_cast<std::uint32_t>(number));
}

// One assignment in BIRD's filter language for each attribute that is set.
std::vector<std::string> assignments(const core::RouteAttributes& attributes,
                                     std::uint32_t localAs) {
  std::vector<std::string> texts;
  if (attributes.bandwidth) texts.push_back(bandwidthText(*attributes.bandwidth, localAs));
  return texts;
}

}  // namespace

Result<std::string> renderMain(const std::string& templateText, const core::RoutingConfig& config) {
  if (const auto problems = core::routingProblems(config); !problems.empty()) {
    return invalid(fmt::format("{}", fmt::join(problems, "; ")));
  }
  mustache::mustache parsed{templateText};
  if (!parsed.is_valid()) return invalid("template: " + parsed.error_message());
  const auto asIs = [](const std::string& text) { return text; };
  parsed.set_custom_escape(asIs);  // the default escapes for HTML

  const auto data = dataOf(config);
  StrictContext context{&data};
  auto text = parsed.render(context);
  if (!parsed.is_valid()) return invalid("template: " + parsed.error_message());
  if (!context.missing().empty()) {
    return invalid(
        fmt::format("template: no such variable here: {}", fmt::join(context.missing(), ", ")));
  }
  return text;
}

std::string renderRoute(const Prefix& prefix, const core::RouteAttributes& attributes,
                        std::uint32_t localAs) {
  const std::string route = fmt::format("{}{}{}", kRouteBegin, prefix.toString(), kRouteTarget);
  const auto assigned = assignments(attributes, localAs);
  if (assigned.empty()) return fmt::format("{}{}", route, kPlainEnd);
  return fmt::format("{}{}{}{}", route, kAttributesBegin, fmt::join(assigned, " "), kAttributesEnd);
}

std::optional<Prefix> parseRoute(std::string_view line) {
  if (!line.starts_with(kRouteBegin)) return std::nullopt;
  line.remove_prefix(kRouteBegin.size());
  const auto target = std::min(line.find(' '), line.size());
  auto rest = line.substr(target);
  if (!rest.starts_with(kRouteTarget)) return std::nullopt;
  rest.remove_prefix(kRouteTarget.size());
  const bool attributes = rest.starts_with(kAttributesBegin) && rest.ends_with(kAttributesEnd);
  if (rest != kPlainEnd && !attributes) return std::nullopt;
  const auto prefix = Prefix::parse(line.substr(0, target));
  return prefix ? std::optional(*prefix) : std::nullopt;
}

std::set<Prefix> parseRoutes(std::string_view text) {
  std::set<Prefix> routes;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (const auto prefix = parseRoute(text.substr(0, end))) routes.insert(*prefix);
    text.remove_prefix(end);
  }
  return routes;
}

std::string withoutRoutes(std::string_view text, const std::set<Prefix>& routes) {
  std::string rest;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    const auto prefix = parseRoute(text.substr(0, end));
    if (!prefix || !routes.contains(*prefix)) rest += text.substr(0, end);
    text.remove_prefix(end);
  }
  return rest;
}

}  // namespace bgplb::bird
