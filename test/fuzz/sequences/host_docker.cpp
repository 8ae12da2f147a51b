// dockerd's plugin calls on the simulated host. Most steps ignore the order in which a real dockerd
// calls.
#include "fuzz/sequences/host.hpp"
#include "fuzz/sequences/values.hpp"

#include "core/network_options.hpp"
#include "json/read.hpp"
#include "netlink/codec.hpp"
#include "support/build.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <linux/rtnetlink.h>

#include <algorithm>

namespace bgplb::fuzz {

namespace json = boost::json;
using test::Violation;

namespace {

// Checks the format of an id. It is a violation if the plugin accepts any other text as an id.
bool isId(const std::string& id) {
  return id.size() >= 12 && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

bool isEndpointId(const std::string& id) {
  return isId(id) && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

json::array poolsOf(const std::string& vip, Family family) {
  const auto prefix = Prefix::parse(vip);
  const bool other = prefix && prefix->family() != family;
  if (vip.empty() || other) return {};
  return {json::object{{"AddressSpace", "bgplb"}, {"Pool", vip}, {"Gateway", vip}}};
}

json::object optionsOf(unsigned which) {
  json::object generic;
  switch (which % 8) {
    case 1: generic["com.docker.network.driver.mtu"] = "9000"; break;
    case 2: generic["bgplb.weight"] = "3"; break;
    case 3: generic["com.docker.network.driver.mtu"] = "70"; break;
    case 4: generic["bgplb.weight"] = "-1"; break;
    case 5: generic["bgplb.wieght\x1b[31m"] = "1"; break;
    case 6: generic["com.docker.network.driver.mtu"] = 9000; break;
    default: break;
  }
  return {{"com.docker.network.generic", std::move(generic)}};
}

}  // namespace

docker::PluginAnswer Host::call(const std::string& path, const json::object& body) {
  auto answer = controller_->api.call(path, json::serialize(body));
  Properties::checkAnswer(path, answer);
  settle();
  return answer;
}

void Host::nameNetwork(const std::string& id, const std::vector<std::string>& vips) {
  if (!isId(id)) return;
  auto prefixes = prefixesOf(vips);
  for (const auto& prefix : prefixesOf(vips)) prefixes.push_back(Prefix::host(prefix.address()));
  properties_.named(NetworkId(id), prefixes);
  routing_.ours.insert(prefixes.begin(), prefixes.end());
}

void Host::nameEndpoint(const std::string& id) {
  if (isEndpointId(id)) properties_.named(EndpointId(id));
}

void Host::ipam(const Step& step) {
  const std::string& vip = pick(kVips, step.a);
  const json::object pool{{"PoolID", "bgplb/" + vip}};
  switch (step.b % 6) {
    case 0:
    case 1: {
      json::object request{
          {"AddressSpace", "bgplb"}, {"Pool", vip}, {"SubPool", ""}, {"V6", step.b % 2 == 1}};
      if (step.c % 4 == 1) request["SubPool"] = pick(kVips, step.a + 1);
      if (step.c % 4 == 2) request["Options"] = {{"v6subnet", pick(kVips, step.a + 1)}};
      if (step.c % 4 == 3) request["Options"] = {{"\x1b[31m", "x"}};
      call("/IpamDriver.RequestPool", request);
      return;
    }
    case 2:
    case 3:
      call("/IpamDriver.RequestAddress",
           {{"PoolID", pool.at("PoolID")},
            {"Address",
             step.b % 2 == 0 ? "" : pick(kVips, step.c).substr(0, pick(kVips, step.c).find('/'))}});
      return;
    case 4: call("/IpamDriver.ReleaseAddress", pool); return;
    default: call("/IpamDriver.ReleasePool", pool); return;
  }
}

void Host::networkActs(const Step& step) {
  const std::string& network = pick(kNetworks, step.a);
  const std::string& endpoint = pick(kEndpoints, step.b);
  // Before the first lists, the controller knows only the names of links, so it cannot distinguish
  // two ids that begin with the same characters.
  const NetworkId networkId(network);
  const EndpointId endpointId(endpoint);
  const bool likeAnother =
      std::any_of(networks_.begin(), networks_.end(),
                  [&](const auto& known) {
                    return known.first != networkId &&
                           core::bridgeName(known.first) == core::bridgeName(networkId);
                  }) ||
      std::any_of(endpoints_.begin(), endpoints_.end(), [&](const auto& known) {
        return known.first != endpointId &&
               core::vethHostName(known.first) == core::vethHostName(endpointId);
      });
  if (likeAnother && !controller_->reconciler.facts().listed) return;
  switch (step.kind) {
    case 'N':
      createNetwork(network, pick(kVips, step.b), step.c % 3 == 0 ? "" : pick(kVips, step.c),
                    step.c);
      return;
    case 'D': deleteNetwork(network); return;
    case 'E':
      createEndpoint(network, endpoint, step.c % 4 < 2 ? "" : pick(kVips, step.c / 4),
                     pick(kMacs, step.c));
      return;
    case 'X': deleteEndpoint(network, endpoint); return;
    case 'J': join(network, endpoint); return;
    default: leave(network, endpoint); return;
  }
}

void Host::createNetwork(const std::string& id, const std::string& vip, const std::string& vip6,
                         unsigned options) {
  nameNetwork(id, {vip, vip6});
  json::array pools4 = poolsOf(vip, Family::V4);
  json::array pools6 = poolsOf(vip6.empty() ? vip : vip6, Family::V6);
  const auto answer = call("/NetworkDriver.CreateNetwork", {{"NetworkID", id},
                                                            {"Options", optionsOf(options)},
                                                            {"IPv4Data", std::move(pools4)},
                                                            {"IPv6Data", std::move(pools6)}});
  if (answer.status != 200) return;
  Network& made = networks_[NetworkId(id)];
  made = {.name = "network-" + id.substr(0, 4), .subnets = prefixesOf({vip, vip6})};
  emitNetwork("create", NetworkId(id), "bgplb");
}

void Host::deleteNetwork(const std::string& id) {
  nameNetwork(id, {});
  const auto answer = call("/NetworkDriver.DeleteNetwork", {{"NetworkID", id}});
  if (answer.status != 200) return;
  networks_.erase(NetworkId(id));
  for (auto& [endpoint, state] : endpoints_) {
    if (state.network != NetworkId(id)) continue;
    state.joined = false;
    state.container = -1;
  }
  emitNetwork("destroy", NetworkId(id), "bgplb");
}

void Host::createEndpoint(const std::string& network, const std::string& id, const std::string& vip,
                          const std::string& mac, const std::string& vip6) {
  nameNetwork(network, {vip});
  nameEndpoint(id);
  json::object interface {
    {"Address", ""}, {"AddressIPv6", vip6}, { "MacAddress", mac }
  };
  interface[vip.find(':') == std::string::npos ? "Address" : "AddressIPv6"] = vip;
  const auto answer =
      call("/NetworkDriver.CreateEndpoint",
           {{"NetworkID", network}, {"EndpointID", id}, {"Interface", std::move(interface)}});
  if (answer.status != 200) return;
  Endpoint& made = endpoints_[EndpointId(id)];
  if (const auto parsed = MacAddress::parse(mac)) made.mac = *parsed;
  const auto returned =
      textOr(parseObject(answer.body)->at("Interface").get_object(), "MacAddress");
  if (const auto parsed = MacAddress::parse(returned)) made.mac = *parsed;
  made.network = NetworkId(network);
}

// dockerd removes the container's namespace, or the pair's end in it, together with the endpoint.
void Host::deleteEndpoint(const std::string& network, const std::string& id) {
  nameNetwork(network, {});
  nameEndpoint(id);
  const auto answer =
      call("/NetworkDriver.DeleteEndpoint", {{"NetworkID", network}, {"EndpointID", id}});
  if (answer.status != 200) return;
  const auto endpoint = endpoints_.extract(EndpointId(id));
  if (endpoint.empty() || !endpoint.mapped().moved) return;
  const int link = kernel_.state().find(core::vethHostName(EndpointId(id)));
  if (link != 0 && kernel_.state().links.at(link).maker == Maker::Controller) {
    kernel_.removeLink(link);
  }
}

void Host::join(const std::string& network, const std::string& id) {
  nameNetwork(network, {});
  nameEndpoint(id);
  // dockerd calls DeleteEndpoint even after a failure.
  if (isId(network) && isEndpointId(id)) {
    endpoints_.try_emplace(EndpointId(id), Endpoint{.network = NetworkId(network)});
  }
  const auto answer = call("/NetworkDriver.Join", {{"NetworkID", network},
                                                   {"EndpointID", id},
                                                   {"SandboxKey", "/var/run/docker/netns/x"},
                                                   {"Options", json::object{}}});
  if (answer.status != 200) return;
  Endpoint& joined = endpoints_[EndpointId(id)];
  joined.joined = joined.moved = true;
  kernel_.moveToContainer(core::vethContainerName(EndpointId(id)));
}

void Host::leave(const std::string& network, const std::string& id) {
  nameNetwork(network, {});
  nameEndpoint(id);
  call("/NetworkDriver.Leave", {{"NetworkID", network}, {"EndpointID", id}});
  const auto endpoint = endpoints_.find(EndpointId(id));
  if (endpoint != endpoints_.end()) endpoint->second.joined = false;
}

void Host::otherCall(const Step& step) {
  constexpr const char* kPaths[] = {
      "/Plugin.Activate",
      "/NetworkDriver.GetCapabilities",
      "/NetworkDriver.GwAllocCheck",
      "/NetworkDriver.EndpointOperInfo",
      "/NetworkDriver.ProgramExternalConnectivity",
      "/NetworkDriver.FreeNetwork",
      "/NetworkDriver.AllocateNetwork",
      "/NetworkDriver.DiscoverNew",
      "/NetworkDriver.Join\n/NetworkDriver.Leave",
  };
  const std::string path = kPaths[step.a % std::size(kPaths)];
  const json::object body{{"NetworkID", pick(kNetworks, step.b)},
                          {"EndpointID", pick(kEndpoints, step.c)},
                          {"IPv4Data", poolsOf(pick(kVips, step.c), Family::V4)}};
  const auto answer = controller_->api.call(path, step.c % 5 == 4 ? "" : json::serialize(body));
  if (!path.starts_with("/Plugin.") && !path.ends_with("GetCapabilities")) {
    Properties::checkAnswer(path, answer);
  }
}

// After any other steps, a network must work from its creation to its removal. No other step uses
// its id, VIPs and MAC address.
void Host::lifeOfAnotherNetwork() {
  const auto expect = [this](const std::string& path, const json::object& body) {
    const auto answer = call(path, body);
    if (answer.status == 200) return;
    throw Violation{fmt::format("{} for another network is refused: {}", path, answer.body)};
  };
  nameNetwork(kOtherNetwork, {kOtherVip, kOtherVip6});
  nameEndpoint(kOtherEndpoint);
  for (const auto* vip : {kOtherVip, kOtherVip6}) {
    const bool v6 = vip == kOtherVip6;
    expect("/IpamDriver.RequestPool", {{"Pool", vip}, {"SubPool", ""}, {"V6", v6}});
    expect("/IpamDriver.RequestAddress",
           {{"PoolID", fmt::format("bgplb/{}", vip)}, {"Address", ""}});
  }
  expect("/NetworkDriver.CreateNetwork", {{"NetworkID", kOtherNetwork},
                                          {"IPv4Data", poolsOf(kOtherVip, Family::V4)},
                                          {"IPv6Data", poolsOf(kOtherVip6, Family::V6)}});
  const json::object ids{{"NetworkID", kOtherNetwork}, {"EndpointID", kOtherEndpoint}};
  json::object endpoint = ids;
  endpoint["Interface"] = {
      {"Address", kOtherVip}, {"AddressIPv6", kOtherVip6}, {"MacAddress", "02:ca:11:ab:1e:00"}};
  expect("/NetworkDriver.CreateEndpoint", endpoint);
  expect("/NetworkDriver.Join", ids);
  kernel_.moveToContainer(core::vethContainerName(EndpointId(kOtherEndpoint)));
  settle();
  expect("/NetworkDriver.Leave", ids);
  expect("/NetworkDriver.DeleteEndpoint", ids);
  expect("/NetworkDriver.DeleteNetwork", {{"NetworkID", kOtherNetwork}});
  if (kernel_.state().find(core::bridgeName(NetworkId(kOtherNetwork))) != 0) {
    throw Violation{"the bridge of another network was not removed"};
  }
}

// A network with a ready container that no step names.
void Host::makeBystander() {
  createNetwork(kBystander, kBystanderVip, kBystanderVip6, 0);
  createEndpoint(kBystander, kBystanderEndpoint, kBystanderVip, "", kBystanderVip6);
  join(kBystander, kBystanderEndpoint);
  listAll();
  start(containers_.size() - 1);
  listAll();
  settle();
  checkBystander();
}

// Whatever happens to other networks, its VIPs stay routed to its container and announced.
void Host::checkBystander() const {
  if (disturbed_) return;
  const auto& state = kernel_.state();
  const int bridge = state.find(core::bridgeName(NetworkId(kBystander)));
  for (const auto* text : {kBystanderVip, kBystanderVip6}) {
    const Prefix vip = test::net(text);
    if (!routing_.mayBeAnnounced(vip)) throw Violation{fmt::format("{} was withdrawn", text)};
    const auto route = state.routes.find({RT_TABLE_MAIN, vip, netlink::routeMetric(vip.family())});
    if (route == state.routes.end()) throw Violation{fmt::format("{} has no route", text)};
    const auto& members = state.nextHops.at(route->second.nextHop).members;
    const bool here = std::any_of(members.begin(), members.end(), [&](std::uint32_t member) {
      return state.nextHops.at(member).link == bridge;
    });
    if (!here) throw Violation{fmt::format("{} does not lead to its container", text)};
  }
}

}  // namespace bgplb::fuzz
