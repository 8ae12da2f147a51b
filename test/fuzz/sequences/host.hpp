#pragma once
// A host for the fuzzer of sequences: the simulated kernel, a dockerd that sends any call at any
// time, other programs, and the controller: PluginApi, EngineDialogue, Reconciler and RtnlKernel as
// in App. A step is a value that is valid in every situation, perhaps without effect.

#include "docker/engine_dialogue.hpp"
#include "docker/plugin_api.hpp"
#include "fakes/fake_world.hpp"
#include "fuzz/sequences/adapter.hpp"
#include "fuzz/sequences/properties.hpp"
#include "netlink/rtnl_kernel.hpp"
#include "peering.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace bgplb::fuzz {

// One step: a kind, and three numbers that select objects and variants.
struct Step {
  char kind = '.';
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
};

class Host {
 public:
  Host();
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  void run(const Step& step);  // throws test::Violation
  // Without faults and further events: the controller has nothing left to do, a new network works,
  // and after the removal of everything the kernel has only the objects of the other programs.
  void finish();

  static const char kinds[];  // of the steps; any other byte selects one of them

 private:
  struct Controller {
    explicit Controller(Host& host);
    boost::asio::io_context io{1};
    netlink::RtnlKernel kernel;
    reconcile::Reconciler reconciler;
    reconcile::Loop loop;
    docker::PluginApi api;
    docker::EngineDialogue dialogue;
    Peering peering;
  };
  struct Network {
    std::string name;
    std::string driver = "bgplb";
    std::vector<Prefix> subnets{};
    std::map<std::string, std::string> labels{};
    std::map<std::string, std::string> options{};
  };
  struct Endpoint {
    NetworkId network;
    std::optional<MacAddress> mac{};
    bool joined = false;
    bool moved = false;  // the container has its end of the pair
    int container = -1;
  };
  struct Container {
    ContainerId id{};
    core::RunState run = core::RunState::Stopped;
    core::Health health = core::Health::None;
    unsigned runs = 0;
  };

  // --- the controller
  void startController();
  void onKernelChange(const netlink::Changes& changes);
  void updatePeering();
  void settle();
  void pass(std::chrono::milliseconds time);

  // --- dockerd (host_docker.cpp)
  docker::PluginAnswer call(const std::string& path, const boost::json::object& body);
  void ipam(const Step& step);
  void networkActs(const Step& step);
  void createNetwork(const std::string& id, const std::string& vip, const std::string& vip6,
                     unsigned options);
  void deleteNetwork(const std::string& id);
  void createEndpoint(const std::string& network, const std::string& id, const std::string& vip,
                      const std::string& mac, const std::string& vip6 = "");
  void deleteEndpoint(const std::string& network, const std::string& id);
  void join(const std::string& network, const std::string& id);
  void leave(const std::string& network, const std::string& id);
  void otherCall(const Step& step);
  void lifeOfAnotherNetwork();
  void nameNetwork(const std::string& id, const std::vector<std::string>& vips);
  void nameEndpoint(const std::string& id);
  void containerActs(const Step& step);
  void start(std::size_t index);
  void end(std::size_t index);
  void toggleNetwork(const Step& step);
  void emit(const std::string& action, std::size_t container, int signal = 0);
  void emitNetwork(const std::string& action, const NetworkId& id, const std::string& driver);
  void apply(docker::Reaction reaction);
  void answer(bool succeeds);
  Result<docker::Answer> answerOf(const docker::Question& question) const;
  core::ContainerReport inspect(std::size_t index) const;
  std::vector<core::NetworkReport> networkReports() const;
  void listAll();

  // --- the other programs (host_kernel.cpp)
  void foreignLink(const Step& step);
  void foreignAddress(const Step& step);
  void foreignRoute(const Step& step);
  void foreignRuleOrNextHop(const Step& step);
  void foreignNeighbor(const Step& step);
  void interfere(const Step& step);
  void kernelFails(const Step& step);
  int linkOf(unsigned which) const;

  void noteFaults(const Step& step);
  void makeBystander();
  void checkBystander() const;
  void rest();
  void checkAtRest();
  void removeEverything();

  SimKernel kernel_;
  Properties properties_;
  test::CheckedRouting routing_;
  test::FakeFirewall firewall_;
  test::FakeEngine engine_;
  test::FakeStore store_;
  settings::Settings settings_;
  std::unique_ptr<Controller> controller_;
  bool woken_ = false;
  // A fault may have changed the bystander, and the controller has not had the time to repair it.
  bool disturbed_ = false;

  std::map<NetworkId, Network> networks_;
  std::map<EndpointId, Endpoint> endpoints_;
  // The last one is on the bystander's network only.
  std::array<Container, 4> containers_;
  std::map<std::uint64_t, docker::Question> questions_;
};

}  // namespace bgplb::fuzz
