#include "bird/render.hpp"

#include <fmt/format.h>
#include <kainjow/mustache.hpp>

#include <algorithm>
#include <bit>
#include <vector>

namespace bgplb::bird {

namespace {

namespace mustache = kainjow::mustache;

constexpr std::size_t kMaxPassword = 80;               // TCP_MD5SIG_MAXKEYLEN, linux/tcp.h
constexpr std::chrono::seconds kMinHoldTime{3};        // RFC 4271 section 4.2
constexpr std::chrono::seconds kMaxHoldTime{65535};    // two octets
constexpr std::chrono::seconds kMaxRestartTime{4095};  // twelve bits (RFC 4724 section 3)

constexpr std::string_view kRouteBegin = "route ";
constexpr std::string_view kRouteTarget = " blackhole";
constexpr std::string_view kPlainEnd = ";\n";
constexpr std::string_view kAttributesBegin = " { ";
constexpr std::string_view kAttributesEnd = " };\n";

constexpr std::uint32_t kLargestAs16 = 65535;
constexpr std::uint32_t kAsTrans = 23456;  // stands for an AS number of four octets (RFC 6793)
// The two high octets of the extended community: transitive, since an external session drops the
// other kind, of a two-octet AS; link bandwidth (RFC 10005).
constexpr std::uint32_t kLinkBandwidthType = 0x0004;

// Mustache renders an unknown name as nothing; here it would be a configuration that means
// something else. So names that were asked for in vain are kept.
class StrictContext : public mustache::context<std::string> {
 public:
  using context::context;

  const mustache::data* get(const std::string& name) const override {
    const auto* found = context::get(name);
    if (found == nullptr) missing_.insert(name);
    return found;
  }
  const mustache::data* get_partial(const std::string& name) const override { return get(name); }

  const std::set<std::string>& missing() const { return missing_; }

 private:
  mutable std::set<std::string> missing_;
};

std::vector<std::string> peerProblems(const core::BirdModel& model, std::size_t index) {
  const auto& peer = model.peers[index];
  const auto name = fmt::format("peer {}", peer.address.toString());
  std::vector<std::string> problems;
  if (!peer.address.isUsableUnicast()) {
    problems.push_back(fmt::format("{}: no session is possible with that address", name));
  }
  if (peer.as == 0) problems.push_back(fmt::format("{}: AS 0 is reserved", name));
  if (const auto problem = passwordProblem(peer.password.reveal()); !problem.empty()) {
    problems.push_back(fmt::format("{}: {}", name, problem));
  }
  const auto& nextHop = model.nextHop6[index];
  if (nextHop && (nextHop->isV4() || !nextHop->isUsableUnicast())) {
    problems.push_back(fmt::format("{}: {} is no IPv6 next hop", name, nextHop->toString()));
  }
  return problems;
}

std::vector<std::string> modelProblems(const core::BirdModel& model) {
  std::vector<std::string> problems;
  if (model.routerId.isV6() || !model.routerId.isUsableUnicast()) {
    problems.push_back(
        fmt::format("router id {} is no IPv4 address of a host", model.routerId.toString()));
  }
  if (model.localAs == 0) problems.emplace_back("local AS 0 is reserved");
  if (model.listenPort == 0) problems.emplace_back("BIRD cannot listen on port 0");
  if (model.holdTime < kMinHoldTime || model.holdTime > kMaxHoldTime) {
    problems.push_back(fmt::format("hold time {} s is not in 3..65535", model.holdTime.count()));
  }
  if (model.gracefulRestartTime.count() < 1 || model.gracefulRestartTime > kMaxRestartTime) {
    problems.push_back(fmt::format("graceful restart time {} s is not in 1..4095",
                                   model.gracefulRestartTime.count()));
  }
  if (model.nextHop6.size() != model.peers.size()) {
    problems.emplace_back("the IPv6 next hops are not as many as the peers");
    return problems;
  }
  for (std::size_t i = 0; i < model.peers.size(); ++i) {
    const auto more = peerProblems(model, i);
    problems.insert(problems.end(), more.begin(), more.end());
  }
  return problems;
}

// Values that are absent have no variable: a template that names one outside of its section fails.
mustache::data peerData(const core::BirdModel& model, std::size_t index) {
  const auto& peer = model.peers[index];
  const auto& nextHop6 = model.nextHop6[index];
  const auto local = peer.address.isV4() ? std::optional<Address>(model.routerId) : nextHop6;
  mustache::data data;
  data.set("index", std::to_string(index + 1));
  data.set("address", peer.address.toString());
  data.set("as", std::to_string(peer.as));
  data.set("multihop", peer.multihop);
  data.set("hasLocal", local.has_value());
  if (local) data.set("local", local->toString());
  data.set("hasPassword", !peer.password.empty());
  if (!peer.password.empty()) data.set("password", peer.password.reveal());
  data.set("hasNextHop6", nextHop6.has_value());
  if (nextHop6) data.set("nextHop6", nextHop6->toString());
  return data;
}

mustache::data modelData(const core::BirdModel& model) {
  const auto keepalive = std::max<std::chrono::seconds::rep>(1, model.holdTime.count() / 3);
  mustache::data data;
  data.set("routerId", model.routerId.toString());
  data.set("localAs", std::to_string(model.localAs));
  data.set("listenPort", std::to_string(model.listenPort));
  data.set("holdTime", std::to_string(model.holdTime.count()));
  data.set("keepaliveTime", std::to_string(keepalive));
  data.set("gracefulRestart", model.gracefulRestart);
  data.set("gracefulRestartTime", std::to_string(model.gracefulRestartTime.count()));
  mustache::data peers{mustache::data::type::list};
  for (std::size_t i = 0; i < model.peers.size(); ++i) {
    peers << peerData(model, i);
  }
  data.set("peers", peers);
  return data;
}

// The community's number is an IEEE 754 one of 32 bits.
std::string bandwidthText(core::LinkBandwidth bandwidth, std::uint32_t localAs) {
  const std::uint32_t as16 = localAs > kLargestAs16 ? kAsTrans : localAs;
  const auto number = static_cast<float>(bandwidth.bytesPerSecond);
  return fmt::format("bgp_ext_community.add((generic, {:#010x}, {:#010x}));",
                     kLinkBandwidthType << 16 | as16, std::bit_cast<std::uint32_t>(number));
}

// In BIRD's filter language, one for each attribute that is given.
std::vector<std::string> assignments(const core::RouteAttributes& attributes,
                                     std::uint32_t localAs) {
  std::vector<std::string> texts;
  if (attributes.bandwidth) texts.push_back(bandwidthText(*attributes.bandwidth, localAs));
  return texts;
}

}  // namespace

std::string passwordProblem(std::string_view password) {
  if (password.size() > kMaxPassword) {
    return fmt::format("the password has {} bytes, TCP MD5 takes at most {}", password.size(),
                       kMaxPassword);
  }
  for (const char c : password) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"') return "the password holds a double quote, which BIRD cannot read";
    if (byte < 0x20 || byte == 0x7f) return "the password holds a control character";
  }
  return {};
}

Result<std::string> renderMain(const std::string& templateText, const core::BirdModel& model) {
  if (const auto problems = modelProblems(model); !problems.empty()) {
    return invalid(fmt::format("{}", fmt::join(problems, "; ")));
  }
  mustache::mustache parsed{templateText};
  if (!parsed.is_valid()) return invalid("template: " + parsed.error_message());
  const auto asIs = [](const std::string& text) { return text; };
  parsed.set_custom_escape(asIs);  // this is not HTML

  const auto data = modelData(model);
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
  return fmt::format("{}{}{}{}", route, kAttributesBegin, fmt::join(assigned, " "),
                     kAttributesEnd);
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

}  // namespace bgplb::bird
