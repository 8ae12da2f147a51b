// dockerd's plugin calls. Every line of the input is one call, "/NetworkDriver.Join {...}". One
// plugin gets all calls, because the result of a call depends on the previous calls.

#include "core/desired.hpp"
#include "core/vip.hpp"
#include "json/read.hpp"

#include "fakes/fake_plugin.hpp"
#include "fuzz/fuzz.hpp"
#include "support/build.hpp"

#include <algorithm>

using namespace bgplb;

namespace {

boost::json::object checkAnswer(const docker::PluginAnswer& answer) {
  const auto body = parseObject(answer.body);
  ALWAYS(body);
  const bool refused = body->contains("Err") && body->contains("Error");
  ALWAYS(refused == (answer.status != 200));
  for (const unsigned possible : {200U, 400U, 404U, 409U, 500U, 503U}) {
    if (answer.status == possible) return *body;
  }
  ALWAYS(false);
}

// The plugin recognises the pool id that it returned, and the pool has exactly its one address.
void checkPool(test::FakePlugin& plugin, const boost::json::object& given) {
  const boost::json::object request{{"PoolID", given.at("PoolID")}, {"Address", ""}};
  const auto answer =
      plugin.api.call("/IpamDriver.RequestAddress", boost::json::serialize(request));
  ALWAYS(checkAnswer(answer).at("Address") == given.at("Pool"));
  ALWAYS(core::parsePoolId(textOr(given, "PoolID")));
}

void checkVip(const std::optional<Prefix>& vip, Family family) {
  ALWAYS(!vip || (vip->isHost() && vip->family() == family && vip->address().isUsableUnicast()));
}

void checkFacts(const core::Facts& facts) {
  for (const auto& [id, network] : facts.networks) {
    ALWAYS(core::bridgeName(id).size() <= 15);  // IFNAMSIZ
    checkVip(network.vip4, Family::V4);
    checkVip(network.vip6, Family::V6);
    ALWAYS(network.options.mtu >= 68 && network.options.mtu <= 65535);
    for (const auto& endpoint : network.endpoints) ALWAYS(facts.endpoints.contains(endpoint));
  }
  for (const auto& [id, endpoint] : facts.endpoints) {
    // Otherwise garbage collection would not recognise the links as ours.
    ALWAYS(core::isVethHostName(core::vethHostName(id)));
    ALWAYS(core::vethContainerName(id).size() <= 15);
  }
}

// dockerd may repeat a call, and the repeated call must have the same result.
void call(test::FakePlugin& plugin, std::string_view line) {
  const auto space = std::min(line.find(' '), line.size());
  const auto path = line.substr(0, space);
  const auto body = line.substr(std::min(space + 1, line.size()));
  const auto answer = plugin.api.call(path, body);
  const auto result = checkAnswer(answer);
  checkFacts(plugin.reconciler.facts());
  ALWAYS(plugin.api.call(path, body).status == answer.status);
  if (answer.status == 200 && path == "/IpamDriver.RequestPool") checkPool(plugin, result);
  plugin.runLoop();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostCalls = 16;  // more calls take time and find little more
  test::FakePlugin plugin;
  plugin.reconciler.setHostNeeds(
      {.addresses = {test::ip("192.168.8.40"), test::ip("2001:db8:0:8::40")},
       .connected = {test::net("192.168.8.0/24"), test::net("2001:db8:0:8::/64")},
       .peers = {test::ip("192.168.8.137")},
       .nextHops = {{test::ip("192.168.8.1"), test::ip("192.168.8.137")}}});
  std::size_t calls = 0;
  for (const auto line : fuzz::linesOf(fuzz::textOf(data, size))) {
    if (++calls > kMostCalls) break;
    call(plugin, line);
  }
  return 0;
}
