// Other programs that filter packets, as their Debian packages install them, beside the plugin's
// and Docker's rules. Run by test/neighbours, which provides their root filesystem.
#include "netns/docker_traffic.hpp"
#include "netns/neighbour_root.hpp"
#include "support/neighbour_row.hpp"

using namespace bgplb;
using namespace bgplb::test::docker_traffic;
using namespace bgplb::test::neighbour_root;
using namespace bgplb::test::packet_filter;
using namespace std::chrono_literals;
using test::eventually;
using test::shell;
using test::tryShell;

namespace {

void row(const std::string& program, const std::string& what, bool passes) {
  test::neighbourRow(program, what, passes ? "passes" : "dropped");
}

// The host with the rules of dockerd, ours, and servers at the VIPs.
struct Beside {
  Host host{"br-012345678"};
  Wall wall;
  Listener vip4{host.web, kVip4};
  Listener vip6{host.web, kVip6};
  std::string program;

  explicit Beside(std::string name) : program(std::move(name)) {
    restore("iptables-nft-restore", recordedText("docker-26.1.v4"));
    restore("ip6tables-nft-restore", recordedText("docker-26.1.v6"));
    shell("iptables-nft -P FORWARD DROP; ip6tables-nft -P FORWARD DROP");
    CHECK(wall.ensure(true) == allIn("nft"));
    CHECK(reaches(host.client, kVip4));
    CHECK(reaches(host.client, kVip6));
    // Without links, no packet is rejected, but the families of the VIPs are known.
    wall.iptables.guard([] {
      firewall::GuardedTraffic traffic;
      for (const auto& vip : {kVip4, kVip6}) traffic.vips.insert(Address::parse(vip).value());
      return traffic;
    });
  }
  // The obstacles in the status, which an operator reads. Empty: none.
  void expectObstacles(const std::vector<std::string>& parts) {
    const std::string text = wall.ensure(true).obstacles;
    INFO(text);
    CHECK(parts.empty() == text.empty());
    for (const auto& part : parts) CHECK(has(text, part));
  }
  // Whether the client and another container reach the VIP, without a pass of ours.
  void expect(const std::string& what, const std::string& vip, bool passes) {
    expectFrom(host.client, "a client", what, vip, passes);
    expectFrom(host.other, "a container of this host", what, vip, passes);
  }
  void expectFrom(const test::Netns& source, const std::string& name, const std::string& what,
                  const std::string& vip, bool passes) {
    INFO(program << ", " << what << ", " << vip << ", from " << name);
    const std::string family = has(vip, ":") ? "IPv6" : "IPv4";
    const bool passed = passes ? reaches(source, vip) : !isRefused(source, vip);
    CHECK(passed == passes);
    row(program, what + ": " + family + " from " + name, passed);
  }
  void expectBoth(const std::string& what, bool passes) {
    expect(what, kVip4, passes);
    expect(what, kVip6, passes);
  }
  // Our rules are repaired by the watch alone.
  void expectRepair(const std::string& what) {
    INFO(program << ", " << what);
    const auto began = std::chrono::steady_clock::now();
    CHECK(test::runUntil(
        wall.io, [] { return has(shell("iptables-nft -S FORWARD"), "BGPLB-FORWARD"); }, 20s));
    const auto took = std::chrono::steady_clock::now() - began;
    test::neighbourRow(
        program, what,
        fmt::format("rules restored after {} ms",
                    std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    CHECK(wall.ensure(true) == allIn("nft"));
    expectBoth(what + ", afterwards", true);
  }
};

}  // namespace

TEST_CASE("Neighbours.Ufw", "[.neighbours]") {
  Beside beside("ufw");
  const auto ufw = [](const std::string& command) { return shell(inRoot("ufw " + command)); };
  ufw("--force enable");
  REQUIRE(has(shell("iptables-nft -S FORWARD"), "ufw-before-forward"));
  beside.expectBoth("enabled", true);
  beside.expectObstacles({});
  ufw("reload");
  beside.expectBoth("reload", true);

  // A peer that connects to BIRD.
  const test::Netns& peer = beside.host.client;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Endpoint port("198.51.100.1", kPort);
  REQUIRE(bind(fd, port.get(), port.size) == 0);
  REQUIRE(listen(fd, 10) == 0);
  CHECK(isRefused(peer, "198.51.100.1"));
  ufw("allow proto tcp from 198.51.100.2 to any port " + std::to_string(kPort));
  CHECK(reaches(peer, "198.51.100.1"));
  close(fd);

  // With this setting, a reload flushes FORWARD and removes every chain.
  shell("sed -i s/^MANAGE_BUILTINS=.*/MANAGE_BUILTINS=yes/ " + root() + "/etc/default/ufw");
  ufw("reload");
  beside.expectRepair("reload with MANAGE_BUILTINS=yes");
  ufw("disable");
  CHECK(beside.wall.ensure(true) == allIn("nft"));
  beside.expectBoth("disabled", true);
}

TEST_CASE("Neighbours.Firewalld", "[.neighbours]") {
  Beside beside("firewalld");
  startDbus();
  const Service firewalld(inRoot("firewalld --nofork --nopid"));
  const auto cmd = [](const std::string& options) {
    return shell(inRoot("firewall-cmd -q " + options));
  };
  REQUIRE(
      eventually([] { return tryShell(inRoot("firewall-cmd --state")).out == "running\n"; }, 30s));
  // As dockerd does where firewalld runs: its bridges are in a zone of their own.
  cmd("--permanent --new-zone=docker");
  cmd("--permanent --zone=docker --set-target=ACCEPT");
  cmd("--permanent --zone=docker --add-interface=bgplb_gwbridge");
  cmd("--permanent --zone=docker --add-interface=br-012345678");
  cmd("--permanent --new-policy=docker-forwarding");
  cmd("--permanent --policy=docker-forwarding --add-ingress-zone=ANY");
  cmd("--permanent --policy=docker-forwarding --add-egress-zone=docker");
  cmd("--permanent --policy=docker-forwarding --set-target=ACCEPT");
  cmd("--reload");
  // Zone docker accepts everything from its bridges, except IPv6 without a reverse path.
  const std::string noZone = "VIP bridges in no zone";
  beside.expectFrom(beside.host.client, "a client", noZone, kVip4, false);
  beside.expectFrom(beside.host.other, "a container of this host", noZone, kVip4, true);
  beside.expect(noZone, kVip6, false);
  beside.expectObstacles({"--zone=docker --add-interface=bgplb-+", "IPv6_rpfilter=loose"});

  cmd("--permanent --zone=docker --add-interface=bgplb-+");
  cmd("--reload");
  beside.expect("VIP bridges in zone docker", kVip4, true);
  // The reverse path of a reply is the VIP's bridge.
  beside.expect("VIP bridges in zone docker", kVip6, false);
  beside.expectObstacles({"firewalld has a strict reverse path filter"});
  shell("sed -i s/^IPv6_rpfilter=.*/IPv6_rpfilter=loose/ " + root() +
        "/etc/firewalld/firewalld.conf");
  cmd("--reload");
  beside.expectBoth("and IPv6_rpfilter=loose", true);
  beside.expectObstacles({});
  cmd("--complete-reload");
  beside.expectBoth("complete reload", true);
  CHECK(has(shell("nft list tables"), "table inet bgplb\n"));
}
