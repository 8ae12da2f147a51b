#pragma once
// A host with a fake dockerd. Everything else is real: the controller process, its BIRD, the
// kernel, and a BGP peer that records the announcements. Each test injects a fault into dockerd and
// checks three invariants: a healthy, announced VIP stays announced; a VIP whose container ends is
// withdrawn at once; dockerd's plugin calls get a reply.

#include "support/catch.hpp"
#include "support/dockerd/bgp_peer.hpp"
#include "support/dockerd/controller_process.hpp"
#include "support/dockerd/docker_host.hpp"
#include "support/dockerd/fake_dockerd.hpp"
#include "support/eventually.hpp"
#include "support/scoped_netns.hpp"

#include <algorithm>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bgplb::test::dockerd_lab {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Long enough for a busy machine and sanitizers. A request to dockerd times out after 10 s, so
// anything that waits for a missing reply exceeds this deadline.
inline constexpr std::chrono::milliseconds kAtOnce = 2s;
inline constexpr std::chrono::milliseconds kDrainDelay = 400ms;
inline constexpr int kSigUsr2 = 12;

struct LabOptions {
  std::optional<unsigned> softFiles;  // RLIMIT_NOFILE of the controller
  std::optional<unsigned> hardFiles;
  std::string holdTime = "90";     // seconds; a BIRD command times out after a ninth
  std::string subnet = "10.77.0";  // a /24: .1 is the host, .2 the peer
  bool underPid1 = false;
};

// Unless the options say otherwise, the host is 10.77.0.1 and fd77::1, the peer is 10.77.0.2.
struct Lab {
  explicit Lab(const LabOptions& options = {})
      : controller({settings(options), folder / "docker.sock", options.softFiles, options.hardFiles,
                    options.underPid1}),
        peer(there, {.bird = Address::parse(options.subnet + ".1").value(),
                     .port = 1790,
                     .as = 65002,
                     .routerId = Address::parse(options.subnet + ".2").value()}) {
    shell("ip link add us type veth peer name router");
    shell("ip link set router netns " + there.path());
    shell("ip addr add " + options.subnet + ".1/24 dev us");
    if (hasIpv6()) shell("ip addr add fd77::1/64 dev us nodad");
    shell("ip link set us up");
    shell("sysctl -qw net.ipv4.ip_forward=1");
    if (hasIpv6()) shell("sysctl -qw net.ipv6.conf.all.forwarding=1");
    there.shell("ip link set lo up");
    there.shell("ip addr add " + options.subnet + ".2/24 dev router");
    there.shell("ip link set router up");
  }
  ~Lab() {
    if (std::uncaught_exceptions() > exceptions_) {
      std::cerr << peer.text() << dockerd.text() << "controller: " << controller.state() << "\n"
                << controller.crashReport() << "\nend of the controller's log:\n"
                << controller.logEnd();
    }
  }

  static std::map<std::string, std::string> settings(const LabOptions& options) {
    return {{"ROUTER_ID", options.subnet + ".1"},
            {"LOCAL_AS", "65001"},
            {"PEER_ADDRESS", options.subnet + ".2"},
            {"PEER_AS", "65002"},
            {"ROUTER_PORT", "1790"},
            {"HOLD_TIME", options.holdTime},
            {"SIGUSR2_HANDLER", "true"},
            {"DRAIN_DELAY", "0.4"}};  // kDrainDelay
  }

  // Starts the controller and announces three VIPs: `kept` must stay announced, checkWithdrawals()
  // ends the containers of the other two.
  void begin() {
    startController();
    kept = announced("kept", {"10.0.0.101/32", "2001:db8:0:1::101/128"});
    dying = announced("dying", {"10.0.0.102/32"});
    leaving = announced("leaving", {"10.0.0.103/32"});
    bird = controller.bird();
    keep(kept);
  }
  void startController() {
    controller.start();
    REQUIRE(eventually([&] { return dockerd.streams() > 0; }));
  }
  // SIGKILL, then a new controller. BIRD keeps running, and dockerd's values stay.
  void restartController() {
    controller.kill();
    controller.start();
  }

  // Creates a VIP network with a healthy container and waits until the peer has its VIPs.
  Web announced(const std::string& name, const std::vector<std::string>& vips) {
    const auto web = docker.createNetwork(name, vips);
    docker.start(web);
    docker.health(web, "healthy");
    INFO(name);
    REQUIRE(eventually([&] { return isAnnounced(web); }));
    return web;
  }
  // As announced(), within kAtOnce.
  Web announcedAtOnce(const std::string& name, const std::vector<std::string>& vips) {
    const auto web = docker.createNetwork(name, vips);
    docker.start(web);
    docker.health(web, "healthy");
    INFO(name);
    REQUIRE(isAnnouncedAtOnce(web));
    return web;
  }
  bool isAnnounced(const Web& web) const {
    return std::all_of(web.vips.begin(), web.vips.end(),
                       [this](const Prefix& vip) { return peer.has(vip); });
  }
  bool isWithdrawn(const Web& web) const {
    return std::none_of(web.vips.begin(), web.vips.end(),
                        [this](const Prefix& vip) { return peer.has(vip); });
  }
  bool isAnnouncedAtOnce(const Web& web) const {
    return eventually([&] { return isAnnounced(web); }, kAtOnce);
  }
  bool isWithdrawnAtOnce(const Web& web) const {
    return eventually([&] { return isWithdrawn(web); }, kAtOnce);
  }

  // From now on, no UPDATE about these prefixes may reach the peer.
  void keep(const Web& web) {
    for (const auto& vip : web.vips) keep(vip);
  }
  void keep(const Prefix& prefix) { kept_[prefix] = peer.changes(prefix).size(); }
  void checkKept() {
    for (const auto& [prefix, changes] : kept_) {
      INFO(prefix.toString());
      REQUIRE(peer.has(prefix));
      REQUIRE(peer.changes(prefix).size() == changes);
    }
  }

  // Containers that end are withdrawn while dockerd fails. Call it once in a test.
  void checkWithdrawals() {
    docker.dieFirst(dying);
    REQUIRE(isWithdrawnAtOnce(dying));
    docker.leave(leaving);
    REQUIRE(isWithdrawnAtOnce(leaving));
  }

  // The last step of each test: the kept VIPs, the session and the processes are unchanged, and no
  // sanitizer reported anything. DockerHost has thrown already if a plugin call took over 2 s.
  void checkEnd() {
    checkKept();
    REQUIRE(controller.crashReport() == "");
    REQUIRE(controller.isRunning());
    REQUIRE(peer.sessions() == 1);
    REQUIRE(controller.bird() == bird);
  }

  ScopedNetns here;
  Netns there;
  Netns containers;
  bird_lab::TemporaryFolder folder;
  FakeDockerd dockerd{folder / "docker.sock"};
  ControllerProcess controller;
  DockerHost docker{dockerd, controller.pluginSocket(), containers};
  BgpPeer peer;
  Web kept;
  Web dying;
  Web leaving;
  pid_t bird = 0;

 private:
  std::map<Prefix, std::size_t> kept_;  // prefix -> number of UPDATEs so far
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace bgplb::test::dockerd_lab
