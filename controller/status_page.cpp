#include "status_page.hpp"

#include "version.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace json = boost::json;

namespace bgplb {

namespace {

json::array exportedTo(const Result<bird::RoutingStatus>& bird, const Prefix& prefix) {
  json::array peers;
  if (!bird) return peers;
  for (const auto& peer : bird->peers) {
    if (peer.exported.count(prefix) > 0) peers.emplace_back(peer.address);
  }
  return peers;
}

const char* healthWord(core::Health health) {
  switch (health) {
    case core::Health::None: return "none";
    case core::Health::Starting: return "starting";
    case core::Health::Healthy: return "healthy";
    case core::Health::Unhealthy: return "unhealthy";
  }
  return "none";
}

// Until a backend that is held back may be ready.
double secondsLeft(const core::Facts& facts, const core::Flapping& flapping, core::TimePoint now) {
  auto until = core::risenAt(flapping, facts.flapPolicy);
  if (flapping.heldUntil) until = std::max(until, *flapping.heldUntil);
  return until <= now ? 0 : std::chrono::duration<double>(until - now).count();
}

json::object backend(const StatusInputs& inputs, const EndpointId& id, bool linkThere) {
  const auto& facts = inputs.reconciler.facts();
  const auto now = std::chrono::steady_clock::now();
  json::object object{{"endpoint", id.value},
                      {"state", core::word(core::readiness(facts, id, linkThere, now))},
                      {"container", ""},
                      {"health", ""}};
  const auto endpoint = facts.endpoints.find(id);
  if (endpoint == facts.endpoints.end() || !endpoint->second.container) return object;
  const auto container = facts.containers.find(*endpoint->second.container);
  object["containerId"] = endpoint->second.container->value;
  if (container == facts.containers.end()) return object;
  object["container"] = container->second.name;
  object["health"] = healthWord(container->second.health);
  object["failures"] = container->second.flapping.failures;
  object["secondsLeft"] = secondsLeft(facts, container->second.flapping, now);
  return object;
}

json::array vips(const StatusInputs& inputs) {
  json::array list;
  for (const auto& [id, network] : inputs.reconciler.facts().networks) {
    const std::string bridge = core::bridgeName(id);
    const auto there = inputs.kernel.observe(bridge);
    json::array backends;
    for (const auto& endpoint : network.endpoints) {
      const bool linkThere = inputs.kernel.hasVeth(core::vethHostName(endpoint));
      backends.push_back(backend(inputs, endpoint, linkThere));
    }
    const auto& given = network.options.weight;
    const json::value weight = given ? json::value(*given) : json::value();
    for (const auto& vip : network.vips()) {
      list.push_back(json::object{{"vip", vip.toString()},
                                  {"network", network.name.empty() ? id.brief() : network.name},
                                  {"networkId", id.value},
                                  {"bridge", bridge},
                                  {"weight", weight},
                                  {"hostRoute", there.routes.count(vip) > 0},
                                  {"exportedTo", exportedTo(inputs.bird, vip)},
                                  {"problem", inputs.reconciler.problem(id)},
                                  {"backends", backends}});
    }
  }
  return list;
}

json::array gateways(const StatusInputs& inputs) {
  json::array list;
  for (const auto& [id, bridge] : inputs.reconciler.facts().bridges) {
    if (!bridge.advertise) continue;
    for (const auto& subnet : bridge.subnets) {
      list.push_back(json::object{{"subnet", subnet.toString()},
                                  {"network", bridge.name},
                                  {"link", bridge.link},
                                  {"exportedTo", exportedTo(inputs.bird, subnet)}});
    }
  }
  return list;
}

json::array peers(const Result<bird::RoutingStatus>& bird) {
  json::array list;
  if (!bird) return list;
  for (const auto& peer : bird->peers) {
    json::array exported;
    for (const auto& prefix : peer.exported) exported.emplace_back(prefix.toString());
    list.push_back(json::object{{"name", peer.name},
                                {"address", peer.address},
                                {"as", peer.as},
                                {"state", peer.state},
                                {"since", peer.since},
                                {"lastError", peer.lastError},
                                {"exported", std::move(exported)}});
  }
  return list;
}

}  // namespace

std::string renderStatusPage(const StatusInputs& inputs) {
  json::object birdPart;
  if (inputs.bird) {
    birdPart = {{"version", inputs.bird->version},
                {"pid", inputs.bird->pid},
                {"recovering", inputs.bird->recovering},
                {"reconfigurations", inputs.bird->reconfigurations},
                {"problem", inputs.bird->refused}};
  } else {
    birdPart = {{"problem", inputs.bird.error().message}};
  }
  json::array notes;
  for (const auto& note : inputs.notes) notes.emplace_back(note);
  const json::object page{
      {"version", kVersion},
      {"driver", inputs.driverName},
      {"bird", std::move(birdPart)},
      {"engine", json::object{{"following", inputs.following}}},
      {"firewall", json::object{{"flavour", inputs.firewall.flavour},
                                {"ipv4", inputs.firewall.v4},
                                {"ipv6", inputs.firewall.v6},
                                {"problem", inputs.firewall.problem},
                                {"marks", inputs.firewall.marks},
                                {"marksProblem", inputs.firewall.marksProblem}}},
      {"notes", std::move(notes)},
      {"peers", peers(inputs.bird)},
      {"vips", vips(inputs)},
      {"gateways", gateways(inputs)}};
  return json::serialize(page);
}

}  // namespace bgplb
