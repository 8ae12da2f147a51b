// Responses of the Docker API: lists and single objects. Every parser gets the same bytes, as if
// dockerd had sent the response to another request, and the parsed values are folded into the
// facts.

#include "core/desired.hpp"
#include "core/vip_rules.hpp"
#include "docker/engine_codec.hpp"

#include "fuzz/fuzz.hpp"

using namespace bgplb;

namespace {

constexpr core::TimePoint kNow{std::chrono::hours(1)};

void check(const core::NetworkReport& report) {
  ALWAYS(!report.id.empty());
  for (const auto& subnet : report.subnets) ALWAYS(Prefix::parse(subnet.toString()) == subnet);
}

void check(const core::ContainerReport& report) {
  ALWAYS(!report.id.empty());
  ALWAYS(report.stopSignal >= 1 && report.stopSignal <= 64);
  ALWAYS(report.stopTimeout.count() >= 0 && report.stopTimeout <= std::chrono::hours(24 * 365));
  for (const auto& attachment : report.attachments) ALWAYS(!attachment.network.empty());
}

// `ours`: all networks count as networks of this plugin's driver.
void fold(core::Facts& facts, std::string_view body, bool ours) {
  if (const auto networks = docker::parseNetworkList(body)) {
    std::set<NetworkId> ids;
    for (const auto& report : *networks) {
      check(report);
      if (ours) ids.insert(report.id);
    }
    core::networksReported(facts, *networks, ids, {}, facts.revision);
  }
  if (const auto network = docker::parseNetworkInspect(body)) {
    check(*network);
    core::networkReported(facts, *network, ours, facts.revision);
  }
  if (const auto containers = docker::parseContainerList(body)) {
    for (const auto& container : *containers) ALWAYS(!container.id.empty());
    core::containersListed(facts, *containers, facts.revision, kNow);
  }
  if (const auto container = docker::parseContainerInspect(body)) {
    check(*container);
    core::containerReported(facts, *container, kNow);
  }
  if (const auto services = docker::parseServiceList(body)) {
    const auto networks = docker::parseNetworkList(body);
    core::swarmNotes(networks ? *networks : std::vector<core::NetworkReport>(), *services);
  }
  if (const auto name = docker::parsePluginName(body)) ALWAYS(!name->empty());
}

void check(const core::Facts& facts) {
  for (const auto& [id, network] : facts.networks) {
    for (const auto& vip : network.vips()) {
      ALWAYS(vip.isHost() && vip.address().isUsableUnicast());
    }
    for (const auto& endpoint : network.endpoints) ALWAYS(facts.endpoints.contains(endpoint));
    const auto desired = core::desiredNetwork(facts, id, {}, {}, {}, {}, kNow);
    for (const auto& [family, attributes] : desired.announce) {
      ALWAYS(!desired.serving.at(family).empty());
    }
  }
  for (const auto& [subnet, id] : core::gatewaySubnets(facts, {}, {}).announced) {
    ALWAYS(subnet.address().isUsableUnicast() && facts.bySubnet.at(subnet).contains(id));
  }
  core::replyBridges(facts);
}

}  // namespace

// Each line is one response, because networks and their containers are in different responses.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool ours : {true, false}) {
    core::Facts facts;
    for (const auto body : fuzz::linesOf(fuzz::textOf(data, size))) {
      fold(facts, body, ours);
      check(facts);
    }
  }
  return 0;
}
