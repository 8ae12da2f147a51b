// RtnlKernel against the real kernel, each test in a namespace of its own.
#include "netlink/rtnl_kernel.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/scoped_netns.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace bgplb;
using test::runReady;
using test::runUntil;
using test::shell;
using test::tryShell;

namespace {

const std::string kBridge = "bgplb-012345678";
const std::string kOther = "bgplb-abcdefabc";
const std::string kHost = "bgl0123456789ab";
const std::string kContainer = "bgc0123456789ab";
const std::string kHost2 = "bglfedcba987654";
const std::string kContainer2 = "bgcfedcba987654";

Prefix prefix(const char* text) { return *Prefix::parse(text); }
Address address(const char* text) { return *Address::parse(text); }
MacAddress mac(const char* text) { return *MacAddress::parse(text); }

const Prefix kVip4 = prefix("10.0.0.101/32");
const Prefix kVip6 = prefix("2001:db8:0:1::101/128");
const MacAddress kMac = mac("02:42:ac:17:00:19");

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string text(const core::KernelNetwork& network) {
  std::string all = fmt::format("bridge {} mtu {}", network.bridge, network.mtu);
  for (const auto& veth : network.veths) all += " veth " + veth;
  for (const auto& route : network.routes) all += " route " + route.toString();
  for (const auto& [ip, lladdr] : network.neighbors) {
    all += " neigh " + ip.toString() + " " + lladdr.toString();
  }
  return all;
}

// Everything a Kernel says, so that two of them can be compared.
std::string text(const netlink::RtnlKernel& kernel) {
  std::string all;
  for (const auto& bridge : kernel.bridges()) {
    all += bridge + ": " + text(kernel.observe(bridge)) + "\n";
  }
  for (const auto& veth : kernel.veths()) all += veth + "\n";
  for (const auto& entry : kernel.addresses()) {
    all += fmt::format("{} {} in {} {}\n", entry.ifIndex, entry.address.toString(),
                       entry.subnet.toString(), entry.usable ? "" : "unusable");
  }
  return all;
}

struct World {
  test::ScopedNetns netns;
  boost::asio::io_context io;
  std::set<std::string> changed;
  int uplinks = 0;
  int calls = 0;
  netlink::RtnlKernel kernel{io, [this](std::set<std::string> bridges, bool uplink) {
                               ++calls;
                               changed.merge(bridges);
                               if (uplink) ++uplinks;
                             }};

  World() {
    // Duplicate address detection would only make the tests wait.
    shell("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    REQUIRE(kernel.start().has_value());
  }

  void apply(const core::Action& action) {
    INFO(core::toText(action));
    const auto done = kernel.apply(action);
    if (!done) FAIL(done.error().message);
  }
  Error refuse(const core::Action& action) {
    const auto done = kernel.apply(action);
    REQUIRE(done.has_error());
    return done.error();
  }
  void makeNetwork() {
    apply(core::BridgeAdd{kBridge});
    apply(core::VethAdd{kHost, kContainer, kBridge});
    apply(core::NeighReplace{kVip4.address(), kMac, kBridge});
    apply(core::NeighReplace{kVip6.address(), kMac, kBridge});
    apply(core::RouteReplace{kVip4, kBridge});
    apply(core::RouteReplace{kVip6, kBridge});
    runReady(io);
    changed.clear();
    calls = 0;
  }
  core::KernelNetwork network() {
    return {.bridge = true,
            .veths = {kHost},
            .routes = {kVip4, kVip6},
            .neighbors = {{kVip4.address(), kMac}, {kVip6.address(), kMac}}};
  }
  bool mirrorIsTheKernel(std::string& mirror, std::string& fresh,
                         std::chrono::milliseconds deadline) {
    return runUntil(
        io,
        [&] {
          boost::asio::io_context otherIo;
          netlink::RtnlKernel other(otherIo, nullptr);
          if (!other.start()) return false;
          fresh = text(other);
          mirror = text(kernel);
          return mirror == fresh;
        },
        deadline);
  }
  bool reported(const std::string& bridge) {
    return runUntil(io, [&] { return changed.contains(bridge); });
  }
  core::KernelNetwork observe(const std::string& bridge) { return kernel.observe(bridge); }
  // The mirror comes to what a second one, dumped now, shows. (The kernel itself goes on: duplicate
  // address detection takes its time.)
  void checkMirror() {
    std::string mirror;
    std::string fresh;
    const bool same = mirrorIsTheKernel(mirror, fresh, std::chrono::seconds(2));
    INFO("mirror:\n" << mirror << "kernel:\n" << fresh);
    REQUIRE(same);
  }
};

}  // namespace

TEST_CASE("RtnlKernel.MakesWhatThePlanSays_AsIpShowsIt") {
  World world;
  world.makeNetwork();
  CHECK(text(world.observe(kBridge)) == text(world.network()));
  CHECK(world.kernel.bridges() == std::set<std::string>{kBridge});
  CHECK(world.kernel.veths() == std::set<std::string>{kHost});
  CHECK(world.kernel.hasVeth(kHost));

  const std::string bridge = shell("ip -d link show " + kBridge);
  INFO(bridge);
  CHECK(has(bridge, "UP"));
  CHECK(has(bridge, " forward_delay 0 "));
  CHECK(has(bridge, " stp_state 0 "));
  CHECK(has(bridge, " mcast_snooping 0 "));
  CHECK(has(bridge, " addrgenmode none "));
  CHECK(shell("ip address show " + kBridge).find("inet") == std::string::npos);
  const std::string veth = shell("ip -d link show " + kHost);
  INFO(veth);
  CHECK(has(veth, ",UP"));
  CHECK(has(veth, " master " + kBridge));
  CHECK(has(veth, " addrgenmode none "));
  CHECK(shell("ip address show " + kHost).find("inet") == std::string::npos);
  CHECK(!has(shell("ip link show " + kContainer), ",UP"));
  CHECK(has(shell("ip route show proto 178"), "10.0.0.101 dev " + kBridge + " scope link"));
  CHECK(has(shell("ip -6 route show proto 178"), "2001:db8:0:1::101 dev " + kBridge));
  for (const char* vip : {"10.0.0.101", "2001:db8:0:1::101"}) {
    CHECK(has(shell("ip neigh show dev " + kBridge),
              std::string(vip) + " lladdr 02:42:ac:17:00:19 PERMANENT"));
  }
  world.checkMirror();
}

TEST_CASE("RtnlKernel.RemovesWhatThePlanSays") {
  World world;
  world.makeNetwork();
  world.apply(core::RouteDel{kVip4, kBridge});
  world.apply(core::RouteDel{kVip6, kBridge});
  world.apply(core::NeighDel{kVip4.address(), kBridge});
  world.apply(core::NeighDel{kVip6.address(), kBridge});
  world.apply(core::LinkDel{kHost});
  core::KernelNetwork empty{.bridge = true};
  CHECK(text(world.observe(kBridge)) == text(empty));
  CHECK(!world.kernel.hasVeth(kHost));
  CHECK(tryShell("ip link show " + kContainer).status != 0);
  world.apply(core::LinkDel{kBridge});
  CHECK(world.kernel.bridges().empty());
  CHECK(text(world.observe(kBridge)) == text(core::KernelNetwork{}));
  runReady(world.io);
  CHECK(world.calls == 0);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.MakesALinkAnew_AsSoonAsItIsRemoved") {
  World world;
  for (int round = 0; round < 30; ++round) {  // more than removals are under way at once
    world.makeNetwork();
    world.apply(core::LinkDel{kHost});
    CHECK(world.kernel.veths().empty());
    world.apply(core::VethAdd{kHost, kContainer, kBridge});
    CHECK(text(world.observe(kBridge)) == text(world.network()));
    world.apply(core::LinkDel{kBridge});
    world.apply(core::LinkDel{kHost});
  }
  runReady(world.io);
  CHECK(world.calls == 0);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.SaysNothingOfItsOwnChanges_AndEveryActionMayBeRepeated") {
  World world;
  for (int round = 0; round < 2; ++round) {
    world.apply(core::BridgeAdd{kBridge});
    world.apply(core::VethAdd{kHost, kContainer, kBridge});
    world.apply(core::NeighReplace{kVip4.address(), kMac, kBridge});
    world.apply(core::RouteReplace{kVip4, kBridge});
    world.apply(core::RouteReplace{kVip6, kBridge});
    world.apply(core::NeighReplace{kVip6.address(), kMac, kBridge});
    CHECK(text(world.observe(kBridge)) == text(world.network()));
  }
  for (int round = 0; round < 2; ++round) {
    world.apply(core::RouteDel{kVip4, kBridge});
    world.apply(core::NeighDel{kVip4.address(), kBridge});
    world.apply(core::LinkDel{kHost});
    world.apply(core::LinkDel{kBridge});
    world.apply(core::RouteDel{kVip4, kBridge});
    world.apply(core::NeighDel{kVip4.address(), kBridge});
  }
  runReady(world.io);
  CHECK(world.calls == 0);
}

TEST_CASE("RtnlKernel.MendsWhatIsHalfThere") {
  World world;
  shell("ip link add " + kBridge + " mtu 1400 type bridge stp_state 1 mcast_snooping 1");
  shell("ip link add " + kHost + " mtu 1400 type veth peer name " + kContainer);
  runReady(world.io);
  world.apply(core::BridgeAdd{kBridge, 9000});
  world.apply(core::VethAdd{kHost, kContainer, kBridge, 9000});
  core::KernelNetwork network{.bridge = true, .mtu = 9000, .veths = {kHost}};
  CHECK(text(world.observe(kBridge)) == text(network));
  const std::string bridge = shell("ip -d link show " + kBridge);
  CHECK(has(bridge, "mtu 9000"));
  CHECK(has(bridge, " stp_state 0 "));
  CHECK(has(bridge, " mcast_snooping 0 "));
  CHECK(has(bridge, " addrgenmode none "));
  shell("ip link set " + kHost + " nomaster");
  shell("ip link set " + kBridge + " down");
  world.apply(core::BridgeAdd{kBridge, 9000});
  world.apply(core::VethAdd{kHost, kContainer, kBridge, 9000});
  CHECK(text(world.observe(kBridge)) == text(network));
  // An mtu that was asked for stays when the last port goes.
  world.apply(core::LinkDel{kHost});
  CHECK(world.kernel.observe(kBridge).mtu == 9000);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.FindsThePairWhoseContainerEndIsElsewhere") {
  World world;
  world.makeNetwork();
  test::Netns container;
  shell("ip link set " + kContainer + " netns " + container.path());
  world.apply(core::VethAdd{kHost, kContainer, kBridge});
  CHECK(text(world.observe(kBridge)) == text(world.network()));
  container.shell("ip link del " + kContainer);  // as when a container's namespace goes
  CHECK(world.reported(kBridge));
  CHECK(!world.kernel.hasVeth(kHost));
}

TEST_CASE("RtnlKernel.TouchesNothingForeign") {
  World world;
  world.makeNetwork();
  shell("ip link add bgplb-dummy type veth peer name eth8");
  shell("ip link add bglaaaaaaaaaaaa type bridge");
  shell("ip link add docker0 type bridge");
  const std::string before = shell("ip -o link");
  CHECK(world.refuse(core::BridgeAdd{"bgplb-dummy"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::LinkDel{"bgplb-dummy"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::LinkDel{"docker0"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::LinkDel{"bglaaaaaaaaaaaa"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::VethAdd{"bglaaaaaaaaaaaa", "bgcaaaaaaaaaaaa", kBridge}).kind ==
        ErrorKind::Conflict);
  CHECK(world.refuse(core::BridgeAdd{"docker0"}).kind == ErrorKind::Invalid);
  CHECK(world.refuse(core::RouteReplace{kVip4, "docker0"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::RouteReplace{kVip4, "nowhere"}).kind == ErrorKind::NotFound);
  CHECK(world.refuse(core::VethAdd{kHost2, kContainer2, "bgplb-nowhere00"}).kind ==
        ErrorKind::NotFound);
  CHECK(world.refuse(core::VethAdd{kHost2, kContainer, kBridge}).kind == ErrorKind::Conflict);
  CHECK(shell("ip -o link") == before);
}

TEST_CASE("RtnlKernel.DoesNotTakeOverAForeignRoute") {
  World world;
  world.apply(core::BridgeAdd{kBridge});
  shell("ip link add eth9 up type bridge");
  shell("ip route add 10.0.0.101/32 dev eth9 proto static");
  shell("ip -6 route add 2001:db8:0:1::101/128 dev eth9 proto static");
  for (const Prefix& vip : {kVip4, kVip6}) {
    const Error error = world.refuse(core::RouteReplace{vip, kBridge});
    INFO(error.message);
    CHECK(error.kind == ErrorKind::Conflict);
    CHECK(has(error.message, "eth9"));
    world.apply(core::RouteDel{vip, kBridge});
  }
  CHECK(has(shell("ip route show 10.0.0.101"), "eth9"));
  CHECK(has(shell("ip -6 route show 2001:db8:0:1::101"), "eth9"));
  shell("ip route replace blackhole 10.0.0.101/32");
  CHECK(world.refuse(core::RouteReplace{kVip4, kBridge}).kind == ErrorKind::Conflict);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.MovesItsOwnRouteToAnotherNetwork") {
  World world;
  world.makeNetwork();
  world.apply(core::BridgeAdd{kOther});
  world.apply(core::RouteReplace{kVip4, kOther});
  world.apply(core::RouteReplace{kVip6, kOther});
  CHECK(world.kernel.observe(kBridge).routes.empty());
  CHECK(world.kernel.observe(kOther).routes == std::set<Prefix>{kVip4, kVip6});
  CHECK(has(shell("ip route show 10.0.0.101"), kOther));
  CHECK(world.reported(kBridge));  // this one lost its routes, which its own action did not say
  world.checkMirror();
}

TEST_CASE("RtnlKernel.KeepsItsNeighbors_WhenPortsComeAndGo") {
  World world;
  world.makeNetwork();
  shell("ip link add " + kHost2 + " address 02:00:00:00:00:01 type veth peer name " + kContainer2);
  world.apply(core::VethAdd{kHost2, kContainer2, kBridge});
  auto network = world.network();
  network.veths.insert(kHost2);
  CHECK(text(world.observe(kBridge)) == text(network));
  world.apply(core::LinkDel{kHost2});
  CHECK(text(world.observe(kBridge)) == text(world.network()));
  world.checkMirror();
}

TEST_CASE("RtnlKernel.ReportsForeignChanges") {
  World world;
  world.makeNetwork();
  SECTION("route removed") { shell("ip route del 10.0.0.101"); }
  SECTION("IPv6 route removed") { shell("ip -6 route del 2001:db8:0:1::101"); }
  SECTION("neighbor removed") { shell("ip neigh del 10.0.0.101 dev " + kBridge); }
  SECTION("neighbor altered") {
    shell("ip neigh replace 10.0.0.101 lladdr 02:00:00:00:00:09 dev " + kBridge);
  }
  SECTION("neighbors flushed") { shell("ip neigh flush nud permanent dev " + kBridge); }
  SECTION("veth removed") { shell("ip link del " + kHost); }
  SECTION("veth down") { shell("ip link set " + kHost + " down"); }
  SECTION("veth taken out") { shell("ip link set " + kHost + " nomaster"); }
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
  SECTION("one address with two lengths") {
    shell("ip address add 192.0.2.1/24 dev " + kBridge + "; ip address add 192.0.2.1/30 dev " +
          kBridge + "; ip address del 192.0.2.1/24 dev " + kBridge +
          "; ip neigh del 10.0.0.101 dev " + kBridge);
  }
  SECTION("route replaced by another program") {
    shell("ip link add eth9 up type bridge && ip route replace 10.0.0.101 dev eth9");
  }
  SECTION("IPv6 route replaced by another program") {
    shell("ip link add eth9 up type bridge && ip -6 route replace 2001:db8:0:1::101 dev eth9");
  }
  SECTION("mtu") { shell("ip link set " + kBridge + " mtu 1400"); }
  SECTION("IPv6 switched off") { shell("sysctl -qw net.ipv6.conf." + kBridge + ".disable_ipv6=1"); }
  CHECK(world.reported(kBridge));
  CHECK(text(world.observe(kBridge)) != text(world.network()));
  world.checkMirror();
}

TEST_CASE("RtnlKernel.ReportsAForeignChange_FoundWhileActing") {
  World world;
  world.makeNetwork();
  world.apply(core::BridgeAdd{kOther});
  shell("ip route del 10.0.0.101");  // not read yet...
  SECTION("on the same network") {
    world.apply(core::NeighReplace{kVip6.address(), kMac, kBridge});
  }
  SECTION("on another network") { world.apply(core::RouteReplace{prefix("10.0.0.7/32"), kOther}); }
  CHECK(world.calls == 0);  // never from inside a call
  CHECK(!world.kernel.observe(kBridge).routes.contains(kVip4));
  CHECK(world.reported(kBridge));
  CHECK(!world.changed.contains(kOther));
}

TEST_CASE("RtnlKernel.TellsOfAddressesAndUplinks") {
  World world;
  shell("ip link add eth9 type bridge");
  CHECK(runUntil(world.io, [&] { return world.uplinks > 0; }));
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
  world.uplinks = 0;
  SECTION("address") { shell("ip address del 192.0.2.10/24 dev eth9"); }
  SECTION("link down") { shell("ip link set eth9 down"); }
  SECTION("default route") { shell("ip route del default"); }
  CHECK(runUntil(world.io, [&] { return world.uplinks > 0; }));
  world.checkMirror();
}

TEST_CASE("RtnlKernel.IsNotWokenByOtherContainers") {
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
  // More messages than the receive buffer takes, and after them a change of ours.
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
  CHECK(world.uplinks > 0);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.ResyncFindsNothingNew") {
  World world;
  world.makeNetwork();
  REQUIRE(world.kernel.resync().has_value());
  runReady(world.io);
  CHECK(world.calls == 0);
  CHECK(text(world.observe(kBridge)) == text(world.network()));
}

TEST_CASE("RtnlKernel.StartsWithWhatIsThere") {
  World world;
  world.makeNetwork();
  boost::asio::io_context io;
  netlink::RtnlKernel second(io, nullptr);
  REQUIRE(second.start().has_value());
  CHECK(text(second.observe(kBridge)) == text(world.network()));
  CHECK(second.hasVeth(kHost));
}

TEST_CASE("RtnlKernel.IgnoresMessagesThatAreNotTheKernels") {
  World world;
  world.makeNetwork();
  // A removal of the bridge, as the kernel would announce it, sent by a program to every port.
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
  world.apply(core::RouteDel{kVip4, kBridge});  // nor do they confuse a request
  CHECK(world.kernel.observe(kBridge).bridge);
}

TEST_CASE("RtnlKernel.RelaxesStrictReversePathFiltering") {
  World world;
  shell("ip link add eth9 type bridge");
  const auto mode = [] { return shell("cat /proc/sys/net/ipv4/conf/eth9/rp_filter"); };
  const auto set = [](int all, int own) {
    shell(fmt::format("sysctl -qw net.ipv4.conf.all.rp_filter={} net.ipv4.conf.eth9.rp_filter={}",
                      all, own));
  };
  const auto after = [&](int all, int own) {
    set(all, own);
    INFO(all << " " << own);
    CHECK(world.kernel.relaxReversePathFilter("eth9").has_value());
    return mode();
  };
  CHECK(after(0, 0) == "0\n");
  CHECK(after(0, 1) == "2\n");
  CHECK(after(0, 2) == "2\n");
  CHECK(after(1, 0) == "2\n");
  CHECK(after(1, 1) == "2\n");
  CHECK(after(2, 0) == "0\n");
  CHECK(after(2, 1) == "1\n");  // the greater of the two counts: loose already
  CHECK(world.kernel.relaxReversePathFilter("nowhere").error().kind == ErrorKind::NotFound);
}

TEST_CASE("RtnlKernel.RelaxesReversePathFiltering_WhereProcIsReadOnly") {
  // A mount namespace cannot be left again by a thread, so this one is used up.
  std::string problem;
  std::thread([&problem] {
    try {
      test::ScopedNetns netns;
      shell("ip link add eth9 type bridge; sysctl -qw net.ipv4.conf.eth9.rp_filter=1");
      if (unshare(CLONE_NEWNS) != 0 ||
          mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          mount("/proc/sys", "/proc/sys", nullptr, MS_BIND | MS_REC, nullptr) != 0 ||
          mount(nullptr, "/proc/sys", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
        throw std::runtime_error(std::strerror(errno));
      }
      if (tryShell("echo 2 > /proc/sys/net/ipv4/conf/eth9/rp_filter").status == 0) {
        throw std::runtime_error("/proc/sys is not read-only");
      }
      boost::asio::io_context io;
      netlink::RtnlKernel kernel(io, nullptr);
      if (!kernel.start() || !kernel.relaxReversePathFilter("eth9")) {
        throw std::runtime_error("refused");
      }
      problem = shell("cat /proc/sys/net/ipv4/conf/eth9/rp_filter");
    } catch (const std::exception& error) {
      problem = error.what();
    }
  }).join();
  CHECK(problem == "2\n");
}

TEST_CASE("RtnlKernel.MirrorIsTheKernel_WhateverHappens") {
  World world;
  shell("ip link add eth9 up type bridge");
  std::mt19937 random(20240229);  // the same walk each time
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
                                         "ip link set eth9 down; ip link set eth9 up"};
  for (int step = 0; step < 400; ++step) {
    const std::string bridge = pick(bridges);
    const std::string host = pick(hosts);
    const Prefix vip = Prefix::host(address(pick(vips).c_str()));
    std::string did;
    if (random() % 2 == 0) {
      did = pick(foreign);
      for (const auto& [name, value] : {std::pair{"{b}", bridge}, std::pair{"{h}", host},
                                        std::pair{"{v}", vip.address().toString()}}) {
        for (auto at = did.find(name); at != std::string::npos; at = did.find(name)) {
          did.replace(at, 3, value);
        }
      }
      (void)tryShell(did);  // many make no sense where they come
    } else {
      const std::vector<core::Action> own{core::BridgeAdd{bridge},
                                          core::BridgeAdd{bridge},
                                          core::VethAdd{host, "bgc" + host.substr(3), bridge},
                                          core::VethAdd{host, "bgc" + host.substr(3), bridge},
                                          core::LinkDel{pick({bridge, host, host})},
                                          core::RouteReplace{vip, bridge},
                                          core::RouteReplace{vip, bridge},
                                          core::RouteDel{vip, bridge},
                                          core::NeighReplace{vip.address(), kMac, bridge},
                                          core::NeighDel{vip.address(), bridge}};
      const core::Action& action = own[random() % own.size()];
      did = core::toText(action);
      (void)world.kernel.apply(action);
    }
    INFO("step " << step << ": " << did);
    world.checkMirror();
  }
}

// Run with [bench]: what the operations cost on this machine.
TEST_CASE("RtnlKernel.Costs", "[.bench]") {
  World world;
  // A host has an address; without one the kernel looks for a source address on every link.
  shell("ip link add eth9 up type bridge; ip address add 192.0.2.1/24 dev eth9");
  using Clock = std::chrono::steady_clock;
  constexpr int kCount = 2000;
  const auto bridge = [](int i) { return fmt::format("bgplb-{:09x}", i); };
  const auto vip = [](int i) {
    return Address::parse(fmt::format("10.1.{}.{}", i / 250, i % 250 + 1));
  };
  const auto vip6 = [](int i) { return Address::parse(fmt::format("2001:db8::{:x}", i + 1)); };
  const auto measure = [](const char* what, int count, const auto& each) {
    const auto begin = Clock::now();
    for (int i = 0; i < count; ++i) each(i);
    const std::chrono::duration<double, std::micro> took = Clock::now() - begin;
    fmt::print("{:40} {:9.1f} us\n", what, took.count() / count);
  };
  measure("bridge add", kCount, [&](int i) { world.apply(core::BridgeAdd{bridge(i)}); });
  measure("veth add", 200, [&](int i) {
    world.apply(
        core::VethAdd{fmt::format("bgl{:012x}", i), fmt::format("bgc{:012x}", i), bridge(i)});
  });
  measure("neigh replace, new", kCount, [&](int i) {
    world.apply(core::NeighReplace{*vip(i), kMac, bridge(i)});
  });
  measure("route replace, new", kCount, [&](int i) {
    world.apply(core::RouteReplace{Prefix::host(*vip(i)), bridge(i)});
  });
  measure("route replace, new, IPv6", kCount, [&](int i) {
    world.apply(core::RouteReplace{Prefix::host(*vip6(i)), bridge(i)});
  });
  measure("route replace, there already", kCount, [&](int i) {
    world.apply(core::RouteReplace{Prefix::host(*vip(i)), bridge(i)});
  });
  measure("observe", kCount, [&](int i) { CHECK(world.kernel.observe(bridge(i)).bridge); });
  measure("route get", kCount, [&](int i) { CHECK(world.kernel.routeTo(*vip(i)).has_value()); });
  measure("resync of 2000 networks", 5, [&](int) { CHECK(world.kernel.resync().has_value()); });
  measure("route del", kCount, [&](int i) {
    world.apply(core::RouteDel{Prefix::host(*vip(i)), bridge(i)});
  });
  measure("neigh del", kCount, [&](int i) { world.apply(core::NeighDel{*vip(i), bridge(i)}); });
  measure("veth del", 50, [&](int i) { world.apply(core::LinkDel{fmt::format("bgl{:012x}", i)}); });
  measure("bridge del", 50, [&](int i) { world.apply(core::LinkDel{bridge(i)}); });
}
