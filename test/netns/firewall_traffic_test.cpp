// Sends real traffic through our rules together with those of real versions of dockerd.
#include "netns/docker_traffic.hpp"

#include <array>

using namespace bgplb;
using namespace bgplb::test::docker_traffic;
using namespace bgplb::test::packet_filter;
using test::shell;
using test::tryShell;

namespace {

std::string bridgeIn(const std::string& saved) {
  const auto at = saved.find("br-");
  REQUIRE(at != std::string::npos);
  return saved.substr(at, 15);
}

std::string withoutCounters(const std::string& command) {
  return shell(command + " -t filter | grep -v '^#' | sed 's/\\[.*\\]//'");
}

void passTraffic(const std::string& version, const std::string& flavour) {
  INFO(version << " " << flavour);
  const std::string saved4 = recordedText(version + ".v4");
  const std::string saved6 = recordedText(version + ".v6");
  Host host(bridgeIn(saved4));
  const std::string v4 = "iptables-" + flavour;
  const std::string v6 = "ip6tables-" + flavour;
  restore(v4 + "-restore", saved4);
  restore(v6 + "-restore", saved6);
  shell(v4 + " -P FORWARD DROP; " + v6 + " -P FORWARD DROP");
  const std::string before4 = withoutCounters(v4 + "-save");
  const std::string before6 = withoutCounters(v6 + "-save");

  const Listener vip4(host.web, kVip4);
  const Listener vip6(host.web, kVip6);
  const Listener direct4(host.web, "172.23.0.25");
  const Listener elsewhere4(host.other, "172.18.0.2");
  CHECK(isRefused(host.client, kVip4));
  CHECK(isRefused(host.client, kVip6));

  Wall wall;
  const auto installed = allIn(flavour);
  CHECK(wall.ensure(true) == installed);
  for (const std::string& vip : {kVip4, kVip6}) {
    INFO(vip);
    CHECK(reaches(host.client, vip));  // the reply uses bgplb_gwbridge
    CHECK(reaches(host.other, vip));   // passes the rules that isolate bridges from each other
    CHECK(reaches(host.mate, vip));    // passes the rules of enable_icc=false
  }
  // Docker's rules still drop traffic to the container's own address.
  CHECK(isRefused(host.other, "172.23.0.25"));
  CHECK(isRefused(host.mate, "172.23.0.25"));
  // The VIP network cannot be used to bypass these rules.
  host.web.shell(
      "sh -c 'ip neigh replace 10.255.255.1 lladdr " +
      shell("ip -o link show bgplb-012345678 | grep -o 'ether [^ ]*' | cut -c 7-23").substr(0, 17) +
      " dev eth1; ip route add 172.18.0.2 via 10.255.255.1 dev eth1 onlink'");
  CHECK(isRefused(host.web, "172.18.0.2"));
  host.web.shell("ip route del 172.18.0.2");

  // A second pass does not rewrite the rules: the counters are not reset.
  const std::string counters =
      "iptables-" + flavour + "-save -c -t filter | grep -c '^\\[0:0\\] -A BGPLB'";
  CHECK(tryShell(counters).out == "0\n");
  CHECK(wall.ensure(true) == installed);
  CHECK(tryShell(counters).out == "0\n");

  // The administrator's rules take precedence.
  shell(v4 + " -I DOCKER-USER -s 198.51.100.2 -j DROP");
  CHECK(isRefused(host.client, kVip4));
  CHECK(reaches(host.other, kVip4));
  shell(v4 + " -D DOCKER-USER -s 198.51.100.2 -j DROP");

  // Docker moves its jumps to the top; Iptables then moves ours back.
  shell(v4 + " -D FORWARD -j DOCKER-USER; " + v4 + " -I FORWARD -j " +
        (version == "docker-28.5" ? "DOCKER-FORWARD; " : "DOCKER-ISOLATION-STAGE-1; ") + v4 +
        " -I FORWARD -j DOCKER-USER");
  CHECK(wall.ensure(true) == installed);
  CHECK(has(shell(v4 + " -S FORWARD"), "-A FORWARD -j DOCKER-USER\n-A FORWARD -j BGPLB-FORWARD\n"));
  CHECK(reaches(host.other, kVip4));
  shell(v4 + " -D FORWARD -j " +
        (version == "docker-28.5" ? "DOCKER-FORWARD" : "DOCKER-ISOLATION-STAGE-1"));

  // A reload of a firewall service removes all rules.
  shell(v4 + " -F FORWARD; " + v4 + " -F BGPLB-FORWARD; " + v4 + " -X BGPLB-FORWARD");
  CHECK(isRefused(host.client, kVip4));
  CHECK(wall.ensure(true) == installed);
  CHECK(reaches(host.client, kVip4));

  CHECK(wall.ensure(false) == firewall::FirewallStatus{});
  CHECK(withoutCounters(v6 + "-save") == before6);
  CHECK(!has(withoutCounters(v4 + "-save"), "BGPLB"));
}

}  // namespace

TEST_CASE("Iptables.AcceptsVipTraffic_WithTheRulesOfDocker20") {
  passTraffic("docker-20.10", "nft");
  passTraffic("docker-20.10", "legacy");
}
TEST_CASE("Iptables.AcceptsVipTraffic_WithTheRulesOfDocker26") {
  passTraffic("docker-26.1", "nft");
  passTraffic("docker-26.1", "legacy");
}
TEST_CASE("Iptables.AcceptsVipTraffic_WithTheRulesOfDocker28") {
  passTraffic("docker-28.5", "nft");
  passTraffic("docker-28.5", "legacy");
}

// A connection that another program has marked. Its first packets are accepted by a rule of the
// administrator; the policy drops the replies, unless one of our rules accepts them.
TEST_CASE("Iptables.AcceptsNoReplies_OfAConnectionThatIsNotToAVip") {
  const std::string flavour = GENERATE("nft", "legacy");
  INFO(flavour);
  Host host("br-012345678");
  const Listener listener4(host.mate, "172.23.0.26");
  const Listener listener6(host.mate, "2001:db8::26");
  for (const std::string name : {"iptables-", "ip6tables-"}) {
    shell(name + flavour + " -P FORWARD DROP");
  }
  Wall wall;
  CHECK(wall.ensure(true) == allIn(flavour));
  for (const auto& [name, client, server] :
       {std::array<std::string, 3>{"iptables-", "172.18.0.2", "172.23.0.26"},
        std::array<std::string, 3>{"ip6tables-", "2001:db8:d::2", "2001:db8::26"}}) {
    INFO(server);
    const std::string program = name + flavour;
    const std::string flow = " -s " + client + " -d " + server;
    shell(program + " -A FORWARD" + flow + " -j ACCEPT");
    CHECK(isRefused(host.other, server));
    const std::string mark =
        program + " -t mangle -A PREROUTING" + flow + " -j CONNMARK --set-mark ";
    shell(mark + "0x1bd10");  // the mark of NetBird, which contains our bit
    CHECK(isRefused(host.other, server));
    shell(mark + "0x101000");  // as a connection to a VIP
    CHECK(reaches(host.other, server));
  }
}
