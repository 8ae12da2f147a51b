#pragma once
// A host with a fake dockerd, the real controller and its BIRD, and real BIRDs as routers: one
// behind each link of the host. The container receives datagrams that a router's namespace sends.

#include "netns/traffic_lab.hpp"
#include "support/dockerd/controller_status.hpp"

#include <map>
#include <string>
#include <vector>

namespace bgplb::test::routers_lab {

using bird_lab::Router;
using traffic_lab::Backend;
using traffic_lab::Flow;
using namespace std::chrono_literals;

inline const Prefix kVip4 = net(traffic_lab::kVip4);
inline const Prefix kVip6 = net(traffic_lab::kVip6);

// BIRD's lines of a router's session with the host. After an error, BIRD would refuse connections
// for a minute.
inline std::string session(const std::string& router, const std::string& host) {
  return fmt::format("  local {} as 65002;\n  neighbor {} as 65001;\n  error wait time 1, 1;\n",
                     router, host);
}

struct Host {
  // ROUTER_PORT is the default: BIRD connects to the routers.
  explicit Host(std::map<std::string, std::string> settings)
      : controller({withDefaults(std::move(settings)), folder / "docker.sock"}) {
    shell("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  }
  ~Host() {
    if (std::uncaught_exceptions() > exceptions_) {
      std::cerr << "controller: " << controller.state() << "\n" << controller.logEnd();
    }
  }

  // A link between the host and a router; addresses with prefix lengths.
  static void link(const std::string& name, const std::vector<std::string>& own,
                   const Netns& router, const std::vector<std::string>& routers) {
    shell("ip link add " + name + " type veth peer name eth0 netns " + router.path());
    for (const auto& address : own) addAddress(address, name);
    shell("ip link set " + name + " up");
    router.shell("ip link set lo up");
    for (const auto& address : routers) {
      router.shell("ip address add " + address + " dev eth0" + noDad(address));
    }
    router.shell("ip link set eth0 up");
  }
  static void addAddress(const std::string& address, const std::string& link) {
    shell("ip address add " + address + " dev " + link + noDad(address));
  }

  void start() {
    controller.start();
    REQUIRE(eventually([&] { return dockerd.streams() > 0; }));
  }
  // A VIP network with a healthy container.
  Web web(const std::string& name, const std::vector<std::string>& vips) {
    const auto made = docker.createNetwork(name, vips);
    docker.start(made);
    docker.health(made, "healthy");
    return made;
  }
  ops::StatusPage status() const { return statusOf(controller); }
  // The session with that peer; empty values until BIRD runs.
  ops::PeerStatus peer(const std::string& address) const {
    for (const auto& known : status().peers) {
      if (known.address == address) return known;
    }
    return {};
  }
  bool isEstablished(const std::string& address) const {
    return peer(address).state == "Established";
  }

  ScopedNetns here;
  Netns containers;
  bird_lab::TemporaryFolder folder;
  FakeDockerd dockerd{folder / "docker.sock"};
  ControllerProcess controller;
  DockerHost docker{dockerd, controller.pluginSocket(), containers};
  boost::asio::io_context io;

 private:
  static std::string noDad(const std::string& address) {
    return address.find(':') == std::string::npos ? "" : " nodad";
  }
  static std::map<std::string, std::string> withDefaults(
      std::map<std::string, std::string> settings) {
    settings.insert({{"LOCAL_AS", "65001"}, {"PEER_AS", "65002"}, {"SIGUSR2_HANDLER", "true"}});
    return settings;
  }

  int exceptions_ = std::uncaught_exceptions();
};

// BIRD as a routing daemon of the host.
class LocalBird {
 public:
  explicit LocalBird(const std::string& configuration) {
    std::ofstream(folder_ / "bird.conf") << configuration;
    pid_ = bird::launchDetached({"bird", "-f", "-c", folder_ / "bird.conf", "-s",
                                 folder_ / "bird.ctl", "-P", folder_ / "bird.pid"},
                                STDERR_FILENO)
               .value();
  }
  LocalBird(const LocalBird&) = delete;
  LocalBird& operator=(const LocalBird&) = delete;
  ~LocalBird() { bird_lab::endProcess(pid_); }

 private:
  bird_lab::TemporaryFolder folder_;
  pid_t pid_ = 0;
};

// The datagrams that the router sends to its next hop of that route reach the container.
inline bool reaches(Router& router, const Netns& where, const Prefix& vip, Backend& backend) {
  const auto hops = router.received().nextHops;
  const auto hop = hops.find(vip.toString());
  if (hop == hops.end()) return false;
  where.shell("ip route replace " + vip.toString() + " via " + hop->second);
  const Flow flow(where, vip.address());
  return eventually([&] {
    flow.send();
    return backend.received();
  });
}

}  // namespace bgplb::test::routers_lab
