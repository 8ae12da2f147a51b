// Records netlink messages of the kernel for test/netlink: `test_netns [record]` writes
// test/netlink/recorded/*.bin, each a sequence of messages. All fixtures there are made by this
// program.
#include "netlink/rtnl_kernel.hpp"
#include "support/catch.hpp"
#include "support/scoped_netns.hpp"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#include <fstream>
#include <vector>

using namespace bgplb;
using test::shell;
using test::tryShell;

namespace {

class Recorder {
 public:
  // `groups`: bit mask of the multicast groups to join.
  explicit Recorder(unsigned groups) : socket_(*netlink::openSocket(SOCK_NONBLOCK)) {
    REQUIRE(mnl_socket_bind(socket_.get(), groups, MNL_SOCKET_AUTOPID) == 0);
    int on = 1;
    mnl_socket_setsockopt(socket_.get(), NETLINK_EXT_ACK, &on, sizeof(on));
    mnl_socket_setsockopt(socket_.get(), NETLINK_GET_STRICT_CHK, &on, sizeof(on));
  }
  void send(netlink::Request request) {
    request.header().nlmsg_seq = 1;
    mnl_socket_sendto(socket_.get(), &request.header(), request.header().nlmsg_len);
  }
  // Writes all received messages, until none has arrived for 200 ms.
  void write(const std::string& name) {
    std::ofstream file(std::string(TEST_SOURCE_DIR) + "/netlink/recorded/" + name + ".bin",
                       std::ios::binary | std::ios::trunc);
    std::vector<char> buffer(65536);
    pollfd wait{.fd = mnl_socket_get_fd(socket_.get()), .events = POLLIN, .revents = 0};
    while (poll(&wait, 1, 200) > 0) {
      const auto datagram = netlink::receive(wait.fd, buffer);
      REQUIRE(datagram.error == 0);
      file.write(buffer.data(), static_cast<std::streamsize>(datagram.size));
    }
  }

 private:
  netlink::SocketHandle socket_;
};

}  // namespace

TEST_CASE("Record", "[.record]") {
  test::ScopedNetns netns;
  shell("mkdir -p " TEST_SOURCE_DIR "/netlink/recorded");
  const std::string bridge = "bgplb-012345678";
  const std::string veth = "bgl0123456789ab";
  constexpr int kBridgeIndex = 2;
  const auto vip4 = *Prefix::parse("10.0.0.101/32");
  const auto vip6 = *Prefix::parse("2001:db8:0:1::101/128");
  const auto mac = *MacAddress::parse("02:42:ac:17:00:19");
  boost::asio::io_context io;
  netlink::RtnlKernel kernel(io, nullptr);
  REQUIRE(kernel.start().has_value());
  const auto makeRoutes = [&](netlink::RtnlKernel& by) {
    for (const Prefix& vip : {vip4, vip6}) {
      const Address via = core::nextHop(vip.family(), 1);
      for (const core::Action& action :
           {core::Action(core::NeighReplace{via, mac, bridge}),
            core::Action(core::NextHopAdd{via, bridge}),
            core::Action(core::GroupReplace{vip.family(), {via}, bridge}),
            core::Action(core::RouteReplace{vip, bridge}),
            core::Action(core::PinnedRouteReplace{{vip, via}, bridge})}) {
        INFO(core::toText(action));
        REQUIRE(by.apply(action).has_value());
      }
    }
  };
  shell("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
  shell("ip link add eth9 index 9 address 02:00:00:00:00:09 mtu 1400 up type bridge");
  shell(
      "ip address add 192.0.2.10/24 dev eth9; ip address add 192.0.2.11/24 dev eth9; "
      "ip -6 address add 2001:db8::10/64 dev eth9; "
      "ip -6 address add 2001:db8::11/64 dev eth9 preferred_lft 0");
  shell(
      "ip route add default via 192.0.2.1; ip route add 198.51.100.0/24 via inet6 2001:db8::1 dev "
      "eth9; ip route add 203.0.113.0/24 proto 178 nexthop via 192.0.2.2 nexthop via 192.0.2.3; "
      "ip route add blackhole 10.99.0.0/16");
  REQUIRE(kernel.apply(core::BridgeAdd{bridge}).has_value());
  REQUIRE(kernel.apply(core::VethAdd{veth, "bgc0123456789ab", bridge}).has_value());
  REQUIRE(kernel.apply(core::PortIsolate{veth, mac, bridge}).has_value());
  shell("ip link set " + veth + " address 02:00:00:00:00:04");
  shell("ip link set bgc0123456789ab address 02:00:00:00:00:03");
  shell("ip link set bgc0123456789ab addrgenmode none up");
  makeRoutes(kernel);
  shell("ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 nud reachable dev eth9");

  {
    Recorder recorder(0);
    const auto record = [&recorder](const char* name, netlink::Request request) {
      recorder.send(std::move(request));
      recorder.write(name);
    };
    record("dump-links", netlink::linkDump());
    record("dump-addresses", netlink::addressDump());
    record("dump-neighbors", netlink::neighDump());
    record("dump-forwarding", netlink::forwardingDump());
    record("dump-nexthops", netlink::nextHopDump());
    record("dump-rules4", netlink::ruleDump(Family::V4));
    record("dump-rules6", netlink::ruleDump(Family::V6));
    record("dump-routes4", netlink::routeDump(core::Instance{}, Family::V4));
    record("dump-routes6", netlink::routeDump(core::Instance{}, Family::V6));
    record("route-get", netlink::routeGet(*Address::parse("198.51.100.7")));
    record("route-match", netlink::routeMatch(vip4.address()));
    record("route-get-none", netlink::routeGet(*Address::parse("2a00::1")));
    record("settings", netlink::settingsGet(netlink::kAllLinks));
    record("ack", netlink::neighReplace(core::nextHop(Family::V4, 1), mac, kBridgeIndex));
    record("error-exists",
           netlink::routeAdd(core::Instance{}, vip4, 178U << 24 | 2, netlink::IfExists::Fail));
    record("error-no-route",
           netlink::routeDel(core::Instance{}, *Prefix::parse("10.0.0.9/32"), 0, kBridgeIndex, 0));
    record("error-no-link", netlink::linkDel(77));
    record("error-explained", netlink::linkSetMtu(9, 70000));
  }
  // The kernel processes a loss of carrier up to a second later.
  const std::string noCarrier = "for i in $(seq 100); do ip link show " + bridge +
                                " | grep -q 'state DOWN' && break; sleep 0.05; done";
  const auto watch = [&](const char* name, const std::string& command) {
    Recorder recorder(0x800407ff);  // all up to IPV6_ROUTE, IPV6_RULE, NEXTHOP
    shell(command);
    recorder.write(name);
    // Restore the initial state for the next recording.
    tryShell("ip route del 10.0.0.101");
    tryShell("ip link set foreign0 down && ip link set foreign0 name " + bridge);
    shell("ip nexthop flush");
    netlink::RtnlKernel next(io, nullptr);  // a new one, so that the nexthop ids start at 1 again
    REQUIRE(next.start().has_value());
    REQUIRE(next.apply(core::BridgeAdd{bridge}).has_value());
    REQUIRE(next.apply(core::VethAdd{veth, "bgc0123456789ab", bridge}).has_value());
    REQUIRE(next.apply(core::PortIsolate{veth, mac, bridge}).has_value());
    shell("ip link set bgc0123456789ab up");
    makeRoutes(next);
  };
  watch("port-down-and-up",
        "ip link set " + veth + " down; " + noCarrier + "; ip link set " + veth + " up");
  watch("port-leaves", "ip link set " + veth + " nomaster");
  watch("port-returns",
        "ip link set " + veth + " nomaster; ip link set " + veth + " master " + bridge);
  watch("neighbor-removed", "ip neigh del 169.254.77.1 dev " + bridge);
  watch("route-removed", "ip route del 10.0.0.101");
  watch("route-replaced", "ip route replace 10.0.0.101 dev eth9");
  watch("last-ipv4-address-removed", "ip address add 192.0.2.77/24 dev " + bridge +
                                         "; ip address del 192.0.2.77/24 dev " + bridge);
  watch("nexthops-flushed", "ip nexthop flush");
  watch("rule-removed", "ip rule del pref 17801");
  watch("pinned-route-removed", "ip route flush table 178001");
  watch("port-without-carrier", "ip link set bgc0123456789ab down; " + noCarrier);
  watch("bridge-down", "ip link set " + bridge + " down");
  watch("bridge-renamed", "ip link set " + bridge + " down; ip link set " + bridge +
                              " name foreign0; ip link set foreign0 up");
  watch("bridge-removed", "ip link del " + bridge);
}
