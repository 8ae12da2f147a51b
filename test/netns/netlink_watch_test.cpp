// Tests of how RtnlKernel reports changes by other programs.
#include "netns/netlink_world.hpp"

#include <random>
#include <vector>

using namespace bgplb;
using namespace bgplb::test;

TEST_CASE("RtnlKernel.ReportsForeignChanges") {
  World world;
  world.makeNetwork();
  SECTION("route removed") { shell("ip route del 10.0.0.101"); }
  SECTION("IPv6 route removed") { shell("ip -6 route del 2001:db8:0:1::101"); }
  SECTION("neighbor removed") { shell("ip neigh del 169.254.77.1 dev " + kBridge); }
  SECTION("neighbor altered") {
    shell("ip neigh replace 169.254.77.1 lladdr 02:00:00:00:00:09 dev " + kBridge);
  }
  SECTION("neighbors flushed") { shell("ip neigh flush nud permanent dev " + kBridge); }
  SECTION("next hops flushed, which removes IPv4 routes silently") { shell("ip nexthop flush"); }
  SECTION("the only port without carrier, which removes next hops and IPv4 routes silently") {
    shell("ip link set " + kContainer + " down");
  }
  SECTION("pinned route removed") { shell("ip route flush table 178001"); }
  SECTION("IPv6 pinned route removed") { shell("ip -6 route flush table 178001"); }
  SECTION("rule removed") { shell("ip rule del pref 17801"); }
  SECTION("IPv6 rule removed") { shell("ip -6 rule del pref 17801"); }
  SECTION("veth removed") { shell("ip link del " + kHost); }
  SECTION("veth down") { shell("ip link set " + kHost + " down"); }
  SECTION("veth removed from its bridge") { shell("ip link set " + kHost + " nomaster"); }
  SECTION("bridge removed") { shell("ip link del " + kBridge); }
  SECTION("bridge renamed") {
    shell("ip link set " + kBridge + " down && ip link set " + kBridge + " name foreign0");
  }
  SECTION("bridge down, which removes IPv4 routes silently") {
    shell("ip link set " + kBridge + " down");
  }
  SECTION("bridge down and up") {
    shell("ip link set " + kBridge + " down && ip link set " + kBridge + " up");
  }
  SECTION("last IPv4 address removed, which removes IPv4 routes silently") {
    shell("ip address add 192.0.2.1/24 dev " + kBridge);
    shell("ip address del 192.0.2.1/24 dev " + kBridge);
  }
  SECTION("one address with two prefix lengths") {
    shell("ip address add 192.0.2.1/24 dev " + kBridge + "; ip address add 192.0.2.1/30 dev " +
          kBridge + "; ip address del 192.0.2.1/24 dev " + kBridge +
          "; ip neigh del 169.254.77.1 dev " + kBridge);
  }
  SECTION("route replaced by another program") {
    shell("ip link add eth9 up type bridge && ip route replace 10.0.0.101 dev eth9");
  }
  SECTION("IPv6 route replaced by another program") {
    shell(
        "ip link add eth9 up type bridge && ip -6 route replace 2001:db8:0:1::101 dev eth9 metric "
        "1");
  }
  SECTION("mtu") { shell("ip link set " + kBridge + " mtu 1400"); }
  SECTION("IPv6 switched off") { shell("sysctl -qw net.ipv6.conf." + kBridge + ".disable_ipv6=1"); }
  CHECK(world.reported(kBridge));
  // The kernel processes a loss of carrier up to a second later.
  CHECK(runUntil(world.io, [&] { return text(world.observe(kBridge)) != text(world.network()); }));
  world.checkMirror();
}

// The other port keeps the bridge's carrier, so no next hop is removed.
TEST_CASE("RtnlKernel.ReportsTheCarrierOfOneOfTwoVeths") {
  World world;
  world.makeNetwork();
  world.apply(core::VethAdd{kHost2, kContainer2, kBridge});
  world.bringUp(kContainer2);
  const auto becomes = [&](bool present) {
    return runUntil(world.io, [&] {
      const auto found = world.carriers.find(kHost2);
      return found != world.carriers.end() && found->second == present;
    });
  };
  CHECK(becomes(true));
  shell("ip link set " + kContainer2 + " down");
  CHECK(becomes(false));
  shell("ip link set " + kContainer2 + " up");
  CHECK(becomes(true));
  CHECK(world.observe(kBridge).nextHops == std::set<Address>{kHop4, kHop6});
  CHECK((!world.carriers.contains(kHost) || world.carriers.at(kHost)));
}

TEST_CASE("RtnlKernel.FollowsACarrierThatChanges_BeforeItsNotification") {
  World world;
  world.apply(core::BridgeAdd{kBridge});
  world.apply(core::VethAdd{kHost, kContainer, kBridge});
  for (int round = 0; round < 5; ++round) {
    shell("ip link set " + kContainer + " up");
    // The kernel accepts next hops at once, and reports the carrier up to a second later.
    world.awaitCarrier(kBridge);
    for (const auto& action : World::routing(kBridge)) world.apply(action);
    shell("ip link set " + kContainer + " down");
    CHECK(runUntil(world.io, [&] { return world.observe(kBridge).nextHops.empty(); }));
    world.checkMirror();
    CHECK(shell("ip nexthop").empty());
  }
}

TEST_CASE("RtnlKernel.ReportsAForeignChange_FoundWhileActing") {
  World world;
  world.makeNetwork();
  world.apply(core::BridgeAdd{kOther});
  shell("ip route del 10.0.0.101");  // the notification has not been read yet
  SECTION("on the same network") { world.apply(core::NeighReplace{kHop6, kMac, kBridge}); }
  SECTION("on another network") { world.apply(core::NeighReplace{kHop4, kMac, kOther}); }
  CHECK(world.calls == 0);  // never called from inside apply()
  CHECK(!world.kernel.observe(kBridge).routes.contains(kVip4));
  CHECK(world.reported(kBridge));
  CHECK(!world.changed.contains(kOther));
}

TEST_CASE("RtnlKernel.ReportsChangesOfTheHostNetwork") {
  World world;
  shell("ip link add eth9 type bridge");
  CHECK(runUntil(world.io, [&] { return world.hostNetworkChanges > 0; }));
  shell("sysctl -qw net.ipv6.conf.eth9.accept_dad=0");
  shell("ip link set eth9 up");
  shell("ip address add 192.0.2.10/24 dev eth9; ip -6 address add 2001:db8::10/64 dev eth9");
  shell("ip -6 address add 2001:db8::11/64 dev eth9 preferred_lft 0");
  const auto usable = [&](const char* text) {
    for (const auto& entry : world.kernel.addresses()) {
      if (entry.address == address(text)) return entry.usable;
    }
    return false;
  };
  CHECK(runUntil(world.io, [&] { return usable("192.0.2.10") && usable("2001:db8::10"); }));
  CHECK(!usable("2001:db8::11"));
  CHECK(!usable("127.0.0.1"));
  for (const auto& entry : world.kernel.addresses()) {
    if (entry.address == address("192.0.2.10")) CHECK(entry.subnet == prefix("192.0.2.0/24"));
  }
  shell("ip route add default via 192.0.2.1");
  shell("ip route add 198.51.100.0/24 via inet6 2001:db8::1 dev eth9");
  const auto route = world.kernel.routeTo(address("203.0.113.1"));
  REQUIRE(route.has_value());
  CHECK(route->dev == "eth9");
  CHECK(route->gateway == address("192.0.2.1"));
  CHECK(route->source == address("192.0.2.10"));
  CHECK(world.kernel.routeTo(address("192.0.2.99"))->gateway == std::nullopt);
  CHECK(world.kernel.routeTo(address("198.51.100.1"))->gateway == address("2001:db8::1"));
  CHECK(world.kernel.routeTo(address("2001:db8::77"))->source == address("2001:db8::10"));
  CHECK(world.kernel.routeTo(address("2a00::1")).error().kind == ErrorKind::NotFound);

  runReady(world.io);
  world.hostNetworkChanges = 0;
  SECTION("address") { shell("ip address del 192.0.2.10/24 dev eth9"); }
  SECTION("link down") { shell("ip link set eth9 down"); }
  SECTION("default route") { shell("ip route del default"); }
  CHECK(runUntil(world.io, [&] { return world.hostNetworkChanges > 0; }));
  world.checkMirror();
}

TEST_CASE("RtnlKernel.DoesNotReportOtherContainers") {
  World world;
  world.makeNetwork();
  shell("ip link add br0 up type bridge");
  runReady(world.io);
  world.calls = 0;
  shell(
      "ip link add veth1 type veth peer name veth2; ip link set veth1 master br0 up; ip link set "
      "veth2 up; ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:01 dev veth2; ip link del veth1");
  runReady(world.io);
  CHECK(world.calls == 0);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.DumpsAgain_WhenTheKernelDroppedMessages") {
  World world;
  world.makeNetwork();
  shell("ip link add eth9 up type bridge");
  // More messages than the receive buffer holds, followed by a change to our network.
  shell(
      "for i in $(seq 1 60000); do echo neigh replace 192.0.2.1 lladdr 02:00:00:00:00:0$((i % 2)) "
      "nud reachable dev eth9; done | ip -batch -");
  const std::string drops = shell("awk '$9 > 0' /proc/thread-self/net/netlink | wc -l");
  shell("ip route del 10.0.0.101");
  CHECK(drops != "0\n");
  SECTION("found by the watch") {}
  SECTION("found while acting") { world.apply(core::BridgeAdd{kOther}); }
  CHECK(world.reported(kBridge));
  CHECK(!world.kernel.observe(kBridge).routes.contains(kVip4));
  CHECK(world.hostNetworkChanges > 0);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.ResyncReportsNothing_WithoutAChange") {
  World world;
  world.makeNetwork();
  world.resync();
  CHECK(world.calls == 0);
  CHECK(text(world.observe(kBridge)) == text(world.network()));
}

TEST_CASE("RtnlKernel.StartDumpsExistingObjects") {
  World world;
  world.makeNetwork();
  boost::asio::io_context io;
  netlink::RtnlKernel second(io, nullptr);
  REQUIRE(second.start().has_value());
  CHECK(text(second.observe(kBridge)) == text(world.network()));
  CHECK(second.hasVeth(kHost));
}

TEST_CASE("RtnlKernel.IgnoresMessagesOfOtherProcesses") {
  World world;
  world.makeNetwork();
  // A forged notification of the bridge's removal, sent to every netlink port.
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  netlink::Request forged = netlink::linkDel(std::stoi(
      shell("cat /proc/net/dev_mcast | awk '$2 == \"" + kBridge + "\" {print $1; exit}'")));
  const std::string ports =
      shell("awk 'NR > 1 && $2 == 0 && $3 != 0 {print $3}' /proc/thread-self/net/netlink");
  int sent = 0;
  std::size_t at = 0;
  while (at < ports.size()) {
    sockaddr_nl to{};
    to.nl_family = AF_NETLINK;
    to.nl_pid = static_cast<std::uint32_t>(std::stoul(ports.substr(at)));
    at = ports.find('\n', at) + 1;
    if (sendto(fd, &forged.header(), forged.header().nlmsg_len, 0, reinterpret_cast<sockaddr*>(&to),
               sizeof(to)) > 0) {
      ++sent;
    }
  }
  close(fd);
  CHECK(sent >= 2);
  runReady(world.io);
  CHECK(world.calls == 0);
  CHECK(text(world.observe(kBridge)) == text(world.network()));
  world.apply(core::RouteDel{kVip4, kBridge});  // the forged messages do not disturb a request
  CHECK(world.kernel.observe(kBridge).bridge);
}

TEST_CASE("RtnlKernel.MirrorEqualsTheKernel_AfterRandomChanges") {
  World world;
  shell("ip link add eth9 up type bridge");
  std::mt19937 random(20240229);  // a fixed seed, so that a failure can be reproduced
  const auto pick = [&random](const std::vector<std::string>& choices) {
    return choices[random() % choices.size()];
  };
  const std::vector<std::string> bridges{kBridge, kOther};
  const std::vector<std::string> hosts{kHost, kHost2};
  const std::vector<std::string> vips{"10.0.0.101", "10.0.0.102", "2001:db8:0:1::101"};
  const std::vector<std::string> foreign{"ip link set {b} down",
                                         "ip link set {b} up",
                                         "ip link del {b}",
                                         "ip link del {h}",
                                         "ip link set {h} nomaster",
                                         "ip link set {h} master {b}",
                                         "ip link set {h} down",
                                         "ip route del {v}",
                                         "ip -6 route del {v}",
                                         "ip neigh flush dev {b} nud permanent",
                                         "ip route replace {v} dev eth9",
                                         "ip route replace {v} dev {b} proto 178",
                                         "ip -6 route replace {v} dev eth9",
                                         "ip -6 route append {v} dev {b} proto 178",
                                         "ip route append {v} dev {b} proto 178",
                                         "ip route flush proto 178",
                                         "ip route add {v} dev {b} proto 178 metric 7",
                                         "ip address add 192.0.2.1/24 dev {b}",
                                         "ip address del 192.0.2.1/24 dev {b}",
                                         "ip link set {b} address 02:00:00:00:00:01",
                                         "ip link set {b} mtu 1400",
                                         "ip link add {b} type bridge",
                                         "ip route del {v} dev eth9",
                                         "ip -6 route del {v} dev eth9",
                                         "ip link set eth9 down; ip link set eth9 up",
                                         "ip link set {c} up",
                                         "ip link set {c} up",
                                         "ip link set {c} down",
                                         "ip nexthop flush",
                                         "ip nexthop flush dev {b}",
                                         "ip route flush table 178001",
                                         "ip route del {v} table 178002",
                                         "ip rule del pref 17801",
                                         "ip -6 rule del pref 17802"};
  for (int step = 0; step < 600; ++step) {
    const std::string bridge = pick(bridges);
    const std::string host = pick(hosts);
    const Prefix vip = Prefix::host(address(pick(vips).c_str()));
    const Address via = core::nextHop(vip.family(), 1 + static_cast<unsigned>(random() % 2));
    const std::set<Address> both{core::nextHop(vip.family(), 1), core::nextHop(vip.family(), 2)};
    std::string did;
    if (random() % 3 == 0) {
      did = pick(foreign);
      for (const auto& [name, value] :
           {std::pair{"{b}", bridge}, std::pair{"{h}", host},
            std::pair{"{c}", "bgc" + host.substr(3)}, std::pair{"{v}", vip.address().toString()}}) {
        for (auto at = did.find(name); at != std::string::npos; at = did.find(name)) {
          did.replace(at, 3, value);
        }
      }
      (void)tryShell(did);  // many fail in the current state
    } else {
      const std::vector<core::Action> own{core::BridgeAdd{bridge},
                                          core::BridgeAdd{bridge},
                                          core::VethAdd{host, "bgc" + host.substr(3), bridge},
                                          core::VethAdd{host, "bgc" + host.substr(3), bridge},
                                          core::LinkDel{pick({bridge, host, host})},
                                          core::RouteReplace{vip, bridge},
                                          core::RouteReplace{vip, bridge},
                                          core::RouteDel{vip, bridge},
                                          core::NeighReplace{via, kMac, bridge},
                                          core::NeighDel{via, bridge},
                                          core::NextHopAdd{via, bridge},
                                          core::NextHopAdd{via, bridge},
                                          core::NextHopDel{via, bridge},
                                          core::GroupReplace{vip.family(), {via}, bridge},
                                          core::GroupReplace{vip.family(), both, bridge},
                                          core::GroupDel{vip.family(), bridge},
                                          core::PinnedRouteReplace{{vip, via}, bridge},
                                          core::PinnedRouteDel{{vip, via}, bridge}};
      const core::Action& action = own[random() % own.size()];
      did = core::toText(action);
      (void)world.kernel.apply(action);
    }
    INFO("step " << step << ": " << did);
    world.checkMirror();
  }
}
