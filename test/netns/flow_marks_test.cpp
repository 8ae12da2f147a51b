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
