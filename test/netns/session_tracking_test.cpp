// Why the BGP session is tracked like any other connection
// (docs/decisions/0020-the-bgp-session-is-tracked.md): a host that opens the session behind a
// firewall that accepts only packets of established connections.
#include "netns/docker_traffic.hpp"

#include "io/descriptor.hpp"
#include "support/eventually.hpp"

using namespace bgplb;
using namespace bgplb::test::docker_traffic;
using namespace bgplb::test::packet_filter;
using test::eventually;
using test::shell;

namespace {

struct Firewalled {
  test::ScopedNetns netns;
  test::Netns router;

  Firewalled() {
    shell("ip link add eth0 type veth peer name eth0 netns " + router.path() +
          "; ip address add 192.0.2.10/24 dev eth0; ip link set eth0 up");
    router.shell("sh -c 'ip address add 192.0.2.1/24 dev eth0; ip link set eth0 up'");
    restore("nft -f -",
            "table inet host {\n  counter dropped {}\n  chain input {\n"
            "    type filter hook input priority filter; policy accept;\n"
            "    ct state established,related accept\n"
            "    meta l4proto tcp counter name dropped drop\n  }\n}");
  }
  static int dropped() {
    const std::string text = shell("nft list counter inet host dropped");
    return std::stoi(text.substr(text.find("packets ") + 8));
  }
};

// A TCP connection from the host to a port of the router, for example 179.
struct Session {
  Listener listener;
  io::Descriptor host{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  io::Descriptor router;

  explicit Session(const test::Netns& there) : listener(there, "192.0.2.1") {
    const Endpoint to("192.0.2.1", kPort);
    REQUIRE(connect(host.get(), to.get(), to.size) == 0);
    REQUIRE(eventually([this] {
      router.reset(accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC));
      return router.isOpen();
    }));
  }
  static void keepalive(const io::Descriptor& from) {
    REQUIRE(send(from.get(), "k", 1, MSG_NOSIGNAL) == 1);
  }
  static bool received(const io::Descriptor& at) {
    char byte = 0;
    return recv(at.get(), &byte, 1, MSG_DONTWAIT) == 1;
  }
};

}  // namespace

TEST_CASE("SessionTracking.AfterAFlushTheHostsNextKeepaliveIsEnough") {
  const Firewalled host;
  const Session session(host.router);
  shell("conntrack -F 2>/dev/null");
  Session::keepalive(session.router);
  CHECK(eventually([] { return Firewalled::dropped() > 0; }));
  CHECK_FALSE(Session::received(session.host));
  Session::keepalive(session.host);
  CHECK(eventually([&] { return Session::received(session.host); }));
  CHECK(eventually([&] { return Session::received(session.router); }));
}

TEST_CASE("SessionTracking.WithoutTrackingAFirewallDropsTheRoutersPackets") {
  const Firewalled host;
  const Session session(host.router);
  Session::keepalive(session.router);
  REQUIRE(eventually([&] { return Session::received(session.host); }));
  REQUIRE(Firewalled::dropped() == 0);
  const std::string port = std::to_string(kPort);
  restore("nft -f -",
          "table inet untracked {\n"
          "  chain in { type filter hook prerouting priority raw; tcp sport " +
              port +
              " notrack; }\n"
              "  chain out { type filter hook output priority raw; tcp dport " +
              port + " notrack; }\n}");
  Session::keepalive(session.host);
  Session::keepalive(session.router);
  CHECK(eventually([] { return Firewalled::dropped() > 1; }));  // with a retransmission
  CHECK_FALSE(Session::received(session.host));
  shell("nft delete table inet untracked");
  CHECK(eventually([&] { return Session::received(session.host); }));
}
