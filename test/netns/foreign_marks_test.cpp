// Connection marks and packet marks of other programs beside ours: each keeps its own.
#include "netns/backends.hpp"

#include "support/neighbour_row.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

const Address kElsewhere = address("203.0.113.2");

void load(const std::string& rules) { packet_filter::restore("nft -f -", rules); }

// Backends, and a host elsewhere for connections that are not to a VIP.
struct Host : Backends {
  Netns elsewhere;

  Host() {
    shell("ip link add eth1 type veth peer name eth0 netns " + elsewhere.path() +
          "; ip address add 203.0.113.1/24 dev eth1; ip link set eth1 up");
    elsewhere.shell(
        "sh -c 'ip link set lo up; ip address add 203.0.113.2/24 dev eth0; ip link set eth0 up; "
        "ip route add default via 203.0.113.1'");
  }
  // Adds a rule of another program, before our rules, and one that counts the packets that leave
  // unchanged, after them.
  static void otherProgram(const std::string& change, const std::string& unchanged,
                           const std::string& priority = "mangle - 10") {
    load(
        "table inet other {\n  counter unchanged {}\n"
        "  chain first { type filter hook prerouting priority " +
        priority + "; policy accept; " + change +
        "; }\n"
        "  chain last { type filter hook postrouting priority 400; policy accept; " +
        unchanged + " counter name unchanged; }\n}");
  }
  bool leaveUnchanged(unsigned packets) {
    return runUntil(world.io, [&] {
      return test::has(shell("nft list counter inet other unchanged"),
                       fmt::format("packets {} ", packets));
    });
  }
};

// Like the rules of a subnet router of Tailscale, version 1.96 and newer with nft: the first one
// replaces the whole packet mark, the second one the whole connection mark. (Tailscale's first rule
// is limited to connections with a reply, which these datagrams do not get.)
constexpr const char* kTailscale =
    "table {0} mangle {{\n"
    "  chain PREROUTING {{\n"
    "    type filter hook prerouting priority mangle; policy accept;\n"
    "    ct mark & 0x00ff0000 != 0 meta mark set ct mark & 0x00ff0000\n"
    "  }}\n"
    "  chain OUTPUT {{\n"
    "    type filter hook output priority mangle; policy accept;\n"
    "    ct state new meta mark & 0x00ff0000 != 0 ct mark set meta mark & 0x00ff0000\n"
    "  }}\n"
    "}}\n";

void loadTailscale() {
  load(fmt::format(kTailscale, "ip"));
  load(fmt::format(kTailscale, "ip6"));
}

}  // namespace

TEST_CASE("ForeignMarks.OtherConnectionsKeepTheirMarks") {
  Host host;
  // The bits of a slot; all bits but ours; a complete mark that contains our bit.
  const auto* const foreign = GENERATE("0x00200000", "0xffffefff", "0x0001bd10");
  INFO(foreign);
  Host::otherProgram(fmt::format("ip daddr 203.0.113.2 ct mark set {}", foreign),
                     fmt::format("ip daddr 203.0.113.2 meta mark 0 ct mark {}", foreign));
  const Flow flow(host, kElsewhere);
  flow.send();
  CHECK(host.leaveUnchanged(1));
  flow.send();
  const bool unchanged = host.leaveUnchanged(2);
  CHECK(unchanged);
  neighbourRow(fmt::format("a program with the connection mark {}", foreign),
               "marks of its connection", unchanged ? "unchanged" : "changed");
}

TEST_CASE("ForeignMarks.PacketsWithoutAConnectionKeepTheirMark") {
  Host host;
  Host::otherProgram("ip daddr 203.0.113.2 notrack meta mark set 0x00300001",
                     "ip daddr 203.0.113.2 meta mark 0x00300001", "raw");
  Flow(host, kElsewhere).send();
  CHECK(host.leaveUnchanged(1));
}

TEST_CASE("ForeignMarks.APacketWithTheBitsOfASlotIsRoutedByTheMainTable") {
  Host host;
  host.add(1);
  host.ready({1});
  Host::otherProgram("ip daddr 203.0.113.2 meta mark set 0x00100000",
                     "ip daddr 203.0.113.2 oifname eth1");
  Flow(host, kElsewhere).send();
  CHECK(host.leaveUnchanged(1));
  // The slot's table is looked up: a route there would take the packet.
  shell("ip route add blackhole default table 178001");
  CHECK(test::has(shell("ip route get 203.0.113.2 mark 0x00100000 2>&1 || true"), "Invalid"));
}

// A program that divides all connections by the same bits, for example between uplinks.
TEST_CASE("ForeignMarks.AVipsConnectionKeepsTheBitsOfAnotherProgram_AndItsBackend") {
  Host host;
  host.add(1);
  host.add(2);
  host.ready({1});
  Host::otherProgram("ip daddr 10.0.0.101 ct mark set 0x00200000",
                     "ip daddr 10.0.0.101 ct mark 0x00200000");
  const Flow flow(host, kVip4.address());
  flow.send();
  CHECK(receives(host, 1, 1));
  flow.send();
  CHECK(receives(host, 1, 2));
  CHECK(host.received(2) == 0);
  const bool unchanged = host.leaveUnchanged(2);
  CHECK(unchanged);
  neighbourRow("policy routing by bits 20-27", "connection mark of a VIP's connection",
               unchanged ? "unchanged" : "changed");
}

TEST_CASE("ForeignMarks.MoreThan15BackendsBesideTailscale") {
  Host host;
  SECTION("Tailscale started last") { loadTailscale(); }
  SECTION("Tailscale started first") {
    shell("nft delete table inet bgplb");
    loadTailscale();
    host.wall.ensure(true);
  }
  const std::set<core::Slot> slots{1, 2, 16, 17, 18};  // 17 and 18 have the low bits of 1 and 2
  for (const auto slot : slots) host.add(slot);
  for (const Prefix& vip : {kVip4, kVip6}) {
    for (const auto slot : slots) {
      INFO(vip.toString() << " slot " << slot);
      const unsigned before = host.received(slot);
      const Flow flow(host, vip.address());
      const Flow local(host, vip.address());
      host.ready({slot});
      flow.send();
      shell(local.command);
      CHECK(receives(host, slot, before + 2));
      host.ready({slot == 1U ? 2U : 1U});
      flow.send();
      shell(local.command);
      CHECK(receives(host, slot, before + 4));
      shell(local.command);
      const bool kept = receives(host, slot, before + 5);
      CHECK(kept);
      neighbourRow("Tailscale, its rules",
                   fmt::format("connections to {}, slot {}", vip.toString(), slot),
                   kept ? "keep their backend" : "move");
    }
  }
}
