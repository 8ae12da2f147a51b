#pragma once
// A model of dockerd: its networks and its containers with their state. The model does not know the
// controller, so the expected state of the controller can be derived from the model.

#include "core/fold.hpp"
#include "core/network_options.hpp"
#include "support/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bgplb::test {

struct ModelNetwork {
  std::string name;
  std::optional<Prefix> vip4;
  std::optional<Prefix> vip6;
  unsigned mtu = core::kDefaultMtu;
  std::optional<unsigned> weight{};
  NetworkId id{};  // a new one each time the network is created
  bool exists = false;

  std::vector<Prefix> vips() const {
    std::vector<Prefix> all;
    if (vip4) all.push_back(*vip4);
    if (vip6) all.push_back(*vip6);
    return all;
  }
};

struct ModelEndpoint {
  NetworkId network;
  EndpointId id;
  MacAddress mac;
  bool joined = false;
};

// A step of dockerd while it starts or ends a container. dockerd holds the container's lock
// meanwhile.
struct DockerdStep {
  enum class Kind {
    CreateEndpoint,
    Join,
    Start,
    Leave,
    DeleteEndpoint,
    Die,
    Connected,
    Disconnected
  };
  Kind kind;
  std::size_t network = 0;
};

struct ModelContainer {
  std::string name;
  std::set<std::size_t> networks{};  // attached at start
  bool healthCheck = false;
  int stopSignal = 15;
  std::chrono::seconds stopTimeout{10};

  ContainerId id{};  // a new one each time the container is created
  unsigned runs = 0;
  core::RunState run = core::RunState::Stopped;
  core::Health health = core::Health::None;
  bool drained = false;  // the controller was notified of a SIGUSR2 in this run
  std::map<std::size_t, ModelEndpoint> endpoints{};
  std::deque<DockerdStep> steps{};

  bool isRunning() const { return run != core::RunState::Stopped; }
  static std::string startOf(unsigned run) { return fmt::format("run {}", run); }
  std::string startedAt() const { return startOf(runs); }
  bool mayServe() const {
    return run == core::RunState::Running && !drained &&
           health == (healthCheck ? core::Health::Healthy : core::Health::None);
  }
};

class ModelDocker {
 public:
  ModelDocker() {
    networks[0] = {.name = "web1",
                   .vip4 = net("10.0.0.101/32"),
                   .vip6 = net("2001:db8:0:1::101/128"),
                   .weight = 3};
    networks[1] = {.name = "web2", .vip4 = net("10.0.0.102/32"), .mtu = 9000};
    networks[2] = {.name = "web3", .vip6 = net("2001:db8:0:1::103/128")};
    containers[0] = {.name = "a", .networks = {0}, .healthCheck = true};
    containers[1] = {.name = "b", .networks = {0, 1}, .stopSignal = 3};
    containers[2] = {
        .name = "c", .networks = {1}, .healthCheck = true, .stopTimeout = std::chrono::seconds(30)};
    containers[3] = {.name = "d", .networks = {2, 1}, .healthCheck = true};
    containers[4] = {.name = "e"};  // on no VIP network until it is connected to one
    for (auto& container : containers) renew(container);
  }

  // A bridge network without the label, whose subnet contains web1's IPv4 VIP.
  void toggleLan() {
    lanExists = !lanExists;
    if (lanExists) lanId = NetworkId(fmt::format("{:064x}", ++made_));
  }
  void renewGateway() { gatewayId = NetworkId(fmt::format("{:064x}", ++made_)); }

  void renew(ModelNetwork& network) {
    network.id = NetworkId(fmt::format("{:09x}{:055}", 0xabc000000 + ++made_, 0));
  }
  void renew(ModelContainer& container) {
    container.id = ContainerId(fmt::format("{:064x}", ++made_));
    container.runs = 0;
    container.drained = false;
  }
  ModelEndpoint newEndpoint(const NetworkId& network) {
    const unsigned number = ++made_;
    const std::string address =
        fmt::format("02:00:00:00:{:02x}:{:02x}", number >> 8, number & 0xff);
    return {network, EndpointId(fmt::format("e{:011x}{:052}", number, 0)), mac(address.c_str())};
  }

  ModelContainer* find(const ContainerId& id) {
    for (auto& container : containers) {
      if (container.id == id) return &container;
    }
    return nullptr;
  }
  bool isInUse(std::size_t network) const {
    for (const auto& container : containers) {
      if (container.endpoints.count(network) > 0) return true;
      for (const auto& step : container.steps) {
        if (step.network == network) return true;
      }
    }
    return false;
  }

  bool isVipNetwork(const NetworkId& id) const {
    return std::any_of(networks.begin(), networks.end(),
                       [&id](const ModelNetwork& network) { return network.id == id; });
  }

  // After a failed start the endpoints exist, but no process uses them.
  bool isJoined(const std::string& veth) const {
    for (const auto& container : containers) {
      const bool isStarting =
          !container.steps.empty() && container.steps.back().kind == DockerdStep::Kind::Start;
      if (!container.isRunning() && !isStarting) continue;
      for (const auto& [index, endpoint] : container.endpoints) {
        if (endpoint.joined && core::vethHostName(endpoint.id) == veth) return true;
      }
    }
    return false;
  }

  // GET /networks
  std::vector<core::NetworkReport> networkReports() const {
    std::vector<core::NetworkReport> all;
    for (const auto& network : networks) {
      if (!network.exists) continue;
      core::NetworkReport report{.id = network.id, .name = network.name, .driver = "bgplb"};
      report.subnets = network.vips();
      report.options[core::kMtuOption] = std::to_string(network.mtu);
      if (network.weight) report.options[core::kWeightOption] = std::to_string(*network.weight);
      all.push_back(report);
    }
    if (lanExists) {
      core::NetworkReport lan{.id = lanId, .name = "lan", .driver = "bridge"};
      lan.subnets = {lanSubnet};
      all.push_back(lan);
    }
    if (!gatewayExists) return all;
    core::NetworkReport gateway{.id = gatewayId, .name = "gateway", .driver = "bridge"};
    gateway.subnets = {gatewaySubnet};
    gateway.labels["bgplb_advertise"] = "true";
    all.push_back(gateway);
    return all;
  }
  std::set<NetworkId> ours() const {
    std::set<NetworkId> ids;
    for (const auto& network : networks) {
      if (network.exists) ids.insert(network.id);
    }
    return ids;
  }
  // GET /containers/{id}/json
  core::ContainerReport inspect(const ModelContainer& container) const {
    core::ContainerReport report;
    report.id = container.id;
    report.name = container.name;
    report.run = container.run;
    report.health = container.health;
    report.stopSignal = container.stopSignal;
    report.stopTimeout = container.stopTimeout;
    report.startedAt = container.startedAt();
    for (const auto& [index, endpoint] : container.endpoints) {
      report.attachments.push_back({endpoint.network, endpoint.id, endpoint.mac, {}, {}});
    }
    report.attachments.push_back({gatewayId, EndpointId("gateway-endpoint"), {}, {}, {}});
    return report;
  }
  // GET /containers/json
  std::vector<core::ListedContainer> running() const {
    std::vector<core::ListedContainer> all;
    for (const auto& container : containers) {
      if (container.isRunning()) all.push_back(listed(inspect(container)));
    }
    return all;
  }

  std::array<ModelNetwork, 3> networks;
  std::array<ModelContainer, 5> containers;
  const Prefix gatewaySubnet = net("172.23.0.0/24");
  NetworkId gatewayId{"9999"};  // a new one each time the network is created
  bool gatewayExists = true;
  const Prefix lanSubnet = net("10.0.0.100/31");
  NetworkId lanId{"9998"};
  bool lanExists = false;

 private:
  unsigned made_ = 0;
};

}  // namespace bgplb::test
