// Tests of the connection marks with the real kernel: which backend receives which packets.
#include "netns/backends.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

constexpr const char* kTable = "nft list table inet bgplb";

}  // namespace

TEST_CASE("FlowMarks.AConnectionKeepsItsBackend_WhenTheGroupChanges") {
  Backends backends;
  backends.add(1);
  backends.add(2);
  backends.ready({1});
  for (const Prefix& vip : {kVip4, kVip6}) {
    INFO(vip.toString());
    const auto before = std::pair{backends.received(1), backends.received(2)};
    const Flow first(backends, vip.address());
    backends.ready({1});
    first.send();
    CHECK(receives(backends, 1, before.first + 1));
    backends.ready({1, 2});
    first.send();
    backends.ready({2});  // backend 1 drains: it keeps its connections and gets no new ones
    first.send();
    CHECK(receives(backends, 1, before.first + 3));
    CHECK(backends.received(2) == before.second);
    const Flow second(backends, vip.address());
    second.send();
    CHECK(receives(backends, 1, before.first + 3));
    CHECK(receives(backends, 2, before.second + 1));
    // Without backend 1's pinned route, its connections move to the remaining backend.
    backends.world.apply(core::PinnedRouteDel{{vip, core::nextHop(vip.family(), 1)}, kBridge});
    first.send();
    CHECK(receives(backends, 2, before.second + 2));
    backends.world.apply(core::PinnedRouteReplace{{vip, core::nextHop(vip.family(), 1)}, kBridge});
  }
}

TEST_CASE("FlowMarks.ReleasedUdpFlowsMove_AndTcpConnectionsStay") {
  Backends backends;
  backends.add(1);
  backends.add(2);
  for (const Prefix& vip : {kVip4, kVip6}) {
    INFO(vip.toString());
    const auto before = std::pair{backends.received(1), backends.received(2)};
    const core::PinnedRoute first{vip, core::nextHop(vip.family(), 1)};
    const Flow udp(backends, vip.address());
    // A connection that is not established yet: each call sends SYN from the same port.
    const std::string tcp = fmt::format(
        "python3 -c 'import socket as s; f=s.socket(s.{}, s.SOCK_STREAM); f.setblocking(0); "
        "f.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1); f.bind((\"\", 30000)); "
        "f.connect_ex((\"{}\", 80))'",
        vip.family() == Family::V4 ? "AF_INET" : "AF_INET6", vip.address().toString());
    const auto sendBoth = [&] {
      udp.send();
      backends.client.shell(tcp);
    };
    backends.ready({1});
    sendBoth();
    CHECK(receives(backends, 1, before.first + 2));
    backends.ready({2});  // backend 1 is paused
    sendBoth();
    CHECK(receives(backends, 1, before.first + 4));
    backends.world.apply(core::UdpRouteReplace{first, kBridge});
    sendBoth();
    CHECK(receives(backends, 1, before.first + 5));
    CHECK(receives(backends, 2, before.second + 1));
    backends.world.apply(core::UdpRouteDel{first, kBridge});
    sendBoth();
    CHECK(receives(backends, 1, before.first + 7));
    CHECK(backends.received(2) == before.second + 1);
  }
}

TEST_CASE("FlowMarks.ReleasedUdpFlowsOfTheHostMove") {
  Backends backends;
  backends.add(1);
  backends.add(2);
  backends.ready({1});
  const std::string send =
      "python3 -c 'import socket as s; f=s.socket(s.AF_INET, s.SOCK_DGRAM); f.bind((\"\", 20778)); "
      "f.sendto(b\"x\", (\"10.0.0.101\", 80))'";
  shell(send);
  CHECK(receives(backends, 1, 1));
  backends.ready({2});
  backends.world.apply(core::UdpRouteReplace{{kVip4, core::nextHop(Family::V4, 1)}, kBridge});
  shell(send);
  CHECK(receives(backends, 2, 1));
  CHECK(backends.received(1) == 1);
}

TEST_CASE("FlowMarks.MarkLocallyGeneratedPackets") {
  Backends backends;
  backends.add(1);
  backends.add(2);
  backends.ready({1});
  const std::string send =
      "python3 -c 'import socket as s; f=s.socket(s.AF_INET, s.SOCK_DGRAM); f.bind((\"\", 20777)); "
      "f.sendto(b\"x\", (\"10.0.0.101\", 80))'";
  shell(send);
  backends.ready({2});
  shell(send);
  CHECK(receives(backends, 1, 2));
  CHECK(backends.received(2) == 0);
}

TEST_CASE("FlowMarks.PreserveTheOtherBitsOfMarks") {
  Backends backends;
  backends.add(1);
  backends.ready({1});
  shell(
      "nft add table inet other; nft add chain inet other in '{ type filter hook prerouting "
      "priority "
      "-160; }'; nft add rule inet other in ip daddr 10.0.0.101 meta mark set 0xdeadbeef; nft add "
      "rule "
      "inet other in ip daddr 10.0.0.101 ct mark 0 ct mark set 0xd00dbeef");
  shell(
      "nft add chain inet other out '{ type filter hook postrouting priority 100; }'; nft add rule "
      "inet "
      "other out ip daddr 10.0.0.101 meta mark 0xd01dbeef counter");
  const Flow flow(backends, kVip4.address());
  flow.send();
  flow.send();
  CHECK(packet_filter::has(shell("conntrack -L -d 10.0.0.101 2>/dev/null || true"),
                           "mark=3491610351"));
  INFO(shell("nft list table inet other"));
  CHECK(packet_filter::has(shell("nft list table inet other"), "counter packets 1 "));
}

TEST_CASE("FlowMarks.TheTableIsRepairedAndRemoved") {
  const ScopedNetns netns;
  packet_filter::Wall wall;
  CHECK(wall.ensure(true).marks);
  const std::string shown = shell(kTable);
  wall.ensure(true);
  SECTION("a chain was flushed") { shell("nft flush chain inet bgplb restore"); }
  SECTION("all tables were removed") { shell("nft flush ruleset"); }
  CHECK(runUntil(
      wall.io, [&] { return tryShell(kTable).out == shown; }, std::chrono::seconds(20)));
  wall.ensure(false);
  CHECK(tryShell(kTable).status != 0);
}

TEST_CASE("FlowMarks.ConnectionsKeepTheirBackend_WhenTheProgramIsUpgraded") {
  Backends backends;
  backends.add(1);
  backends.add(2);
  // The rules of version 1.0.0. It marked a connection of the host itself without bit 12.
  shell("nft delete table inet bgplb; nft -f " + std::string(TEST_SOURCE_DIR) +
        "/firewall/recorded/bgplb-1.0.0.nft");
  for (const char* const program : {"iptables-nft-restore", "ip6tables-nft-restore"}) {
    packet_filter::restore(
        std::string(program) + " --noflush",
        "*filter\n:BGPLB-FORWARD - [0:0]\n"
        "-A BGPLB-FORWARD ! -i bgplb-+ -o bgplb-+ -j CONNMARK --set-xmark 0x1000/0x1000\n"
        "-A BGPLB-FORWARD ! -i bgplb-+ -o bgplb-+ -j ACCEPT\n"
        "-A BGPLB-FORWARD -m connmark --mark 0x1000/0x1000 -m conntrack --ctstate "
        "RELATED,ESTABLISHED -j ACCEPT\nCOMMIT");
  }
  backends.ready({1});
  std::vector<Flow> flows;
  for (const Prefix& vip : {kVip4, kVip6, kVip4, kVip6})
    flows.emplace_back(backends, vip.address());
  const auto sendAll = [&] {
    for (std::size_t i = 0; i < flows.size(); ++i) {
      if (i < 2) {
        flows[i].send();
      } else {
        shell(flows[i].command);
      }
    }
  };
  sendAll();
  CHECK(receives(backends, 1, 4));
  const auto marks = shell("conntrack -L 2>/dev/null; conntrack -L -f ipv6 2>/dev/null");
  CHECK(test::has(marks, "mark=1052672 "));  // 0x101000
  CHECK(test::has(marks, "mark=1048576 "));  // 0x100000

  CHECK(backends.wall.ensure(true).marks);
  REQUIRE(test::has(shell(kTable), "priority 300"));
  backends.ready({2});
  sendAll();
  CHECK(receives(backends, 1, 8));
  sendAll();
  CHECK(receives(backends, 1, 12));
  CHECK(backends.received(2) == 0);
}
