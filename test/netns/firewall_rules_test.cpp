// Tests of the installed rules after ensure(), also with iptables programs that fail.
#include "netns/packet_filter.hpp"

#include <cstdlib>
#include <fstream>

using namespace bgplb;
using namespace bgplb::test::packet_filter;
using test::runUntil;
using test::shell;
using test::tryShell;

namespace {

// A folder at the front of PATH for programs that replace those of iptables.
struct FakePrograms {
  std::string folder;
  std::string before = std::getenv("PATH");
  FakePrograms() {
    std::string name = "/tmp/firewall_test.XXXXXX";
    folder = mkdtemp(name.data());
    setenv("PATH", (folder + ":" + before).c_str(), 1);
  }
  FakePrograms(const FakePrograms&) = delete;
  FakePrograms& operator=(const FakePrograms&) = delete;
  ~FakePrograms() {
    setenv("PATH", before.c_str(), 1);
    tryShell("rm -r " + folder);
  }
  void add(const std::string& name, const std::string& script) const {
    std::ofstream(folder + "/" + name) << "#!/bin/sh\n" << script << "\n";
    shell("chmod +x " + folder + "/" + name);
  }
};

}  // namespace

TEST_CASE("Iptables.CreatesNoLegacyTables_ByPolling") {
  const test::ScopedNetns netns;
  Wall wall;
  CHECK(wall.ensure(false) == firewall::FirewallStatus{});
  CHECK(wall.ensure(true).flavour == "nft");
  CHECK(wall.ensure(false) == firewall::FirewallStatus{});
  CHECK(shell("cat /proc/thread-self/net/ip_tables_names /proc/thread-self/net/ip6_tables_names")
            .empty());
}

TEST_CASE("Iptables.FollowsDocker_FromOneFlavourToTheOther") {
  const test::ScopedNetns netns;
  Wall wall;
  CHECK(wall.ensure(true).flavour == "nft");  // at boot, before dockerd has started
  restore("iptables-legacy-restore", recordedText("docker-26.1.v4"));
  CHECK(wall.ensure(true) == allIn("legacy"));
  CHECK(has(shell("iptables-legacy-save"), "-A FORWARD -j BGPLB-FORWARD"));
  CHECK(!has(shell("iptables-nft-save"), "BGPLB"));
  // Docker has no IPv6 chains here, so the flavour of IPv4 is used, if its IPv6 table exists.
  CHECK(has(shell("ip6tables-nft-save; ip6tables-legacy-save"), "BGPLB-FORWARD"));
  // Both flavours apply as long as Docker's old chains exist.
  restore("iptables-nft-restore", recordedText("docker-26.1.v4"));
  CHECK(wall.ensure(true).flavour == "nft+legacy");
  CHECK(wall.ensure(false) == firewall::FirewallStatus{});
  CHECK(!has(shell("iptables-nft-save; ip6tables-nft-save; iptables-legacy-save; "
                   "ip6tables-legacy-save"),
             "BGPLB"));
}

TEST_CASE("Iptables.TheLastEnsureWins_AndOnePassRunsAtATime") {
  const test::ScopedNetns netns;
  const FakePrograms fakes;
  fakes.add("iptables-nft-save",
            "echo pass >>" + fakes.folder + "/log; exec /usr/sbin/iptables-nft-save \"$@\"");
  Wall wall;
  for (int i = 0; i < 50; ++i) wall.iptables.ensure(i % 2 == 0);
  CHECK(wall.iptables.busy());
  REQUIRE(runUntil(wall.io, [&] { return !wall.iptables.busy(); }));
  CHECK(wall.iptables.status() == firewall::FirewallStatus{});
  CHECK(!has(shell("iptables-nft-save"), "BGPLB"));
  CHECK(shell("wc -l <" + fakes.folder + "/log") ==
        "2\n");  // one pass, and the check in the line above
}

TEST_CASE("Iptables.ReportsTheToolsError_AndRetries") {
  const test::ScopedNetns netns;
  FakePrograms fakes;
  fakes.add("iptables-nft-restore", "echo 'iptables-restore: line 7 failed' >&2; exit 4");
  Wall wall;
  firewall::FirewallStatus status = wall.ensure(true);
  CHECK(!status.v4);
  CHECK(status.v6);
  CHECK(has(status.problem, "iptables-restore: line 7 failed"));
  shell("rm " + fakes.folder + "/iptables-nft-restore");
  CHECK(runUntil(wall.io, [&] { return wall.iptables.status().v4; }));  // by a retry
  CHECK(wall.iptables.status().problem.empty());
  CHECK(has(shell("iptables-nft-save"), "-A FORWARD -j BGPLB-FORWARD"));
}

TEST_CASE("Iptables.UsesLegacy_WithoutNfTablesInTheKernel") {
  const test::ScopedNetns netns;
  FakePrograms fakes;
  for (const char* name : {"iptables-nft-save", "ip6tables-nft-save"}) {
    fakes.add(name, "echo 'Could not fetch rule set generation id: Invalid argument' >&2; exit 1");
  }
  Wall wall;
  CHECK(wall.ensure(true) == allIn("legacy"));
  CHECK(has(shell("ip6tables-legacy-save"), "-A FORWARD -j BGPLB-FORWARD"));
  fakes.add("iptables-legacy-save", "echo 'Permission denied' >&2; exit 1");
  CHECK(has(wall.ensure(true).problem, "Permission denied"));
}

TEST_CASE("Iptables.ReportsThatTheMssIsNotLimited_WithoutNft") {
  const test::ScopedNetns netns;
  FakePrograms fakes;
  fakes.add("nft",
            "echo 'Unable to initialize Netlink socket: Protocol not supported' >&2; exit 1");
  Wall wall;
  firewall::SegmentLimits limits;
  wall.iptables.clampMss([&] { return limits; });
  wall.ensure(true);
  CHECK(wall.iptables.mssProblem().empty());
  limits[*Address::parse("10.0.0.101")] = 1220;
  wall.ensure(true);
  CHECK(has(wall.iptables.mssProblem(), "Protocol not supported; connections of clients"));
  shell("rm " + fakes.folder + "/nft");
  wall.ensure(true);
  CHECK(wall.iptables.mssProblem().empty());
}

TEST_CASE("Iptables.DropsWhatEntersByOurBridges_InTheRawTable_WithoutNft") {
  const test::ScopedNetns netns;
  FakePrograms fakes;
  fakes.add("nft",
            "echo 'Unable to initialize Netlink socket: Protocol not supported' >&2; exit 1");
  const auto rules = [](const char* program) {
    return shell(std::string(program) +
                 " -t raw | grep -c -- '-A PREROUTING -i bgplb-+ -j DROP' || :");
  };
  Wall wall;
  CHECK(has(wall.ensure(true).marksProblem, "Protocol not supported"));
  for (int round = 0; round < 2; ++round) {
    CHECK(wall.iptables.status().problem == "");
    CHECK(rules("iptables-legacy-save") == "1\n");
    CHECK(rules("ip6tables-legacy-save") == "1\n");
    wall.ensure(true);
  }
  wall.ensure(false);
  CHECK(rules("iptables-legacy-save") == "0\n");
  CHECK(rules("ip6tables-legacy-save") == "0\n");
}

TEST_CASE("Iptables.AcceptsAnotherNotationOfItsRules") {
  const test::ScopedNetns netns;
  FakePrograms fakes;
  fakes.add(
      "iptables-nft-save",
      "/usr/sbin/iptables-nft-save \"$@\" | sed 's/RELATED,ESTABLISHED/ESTABLISHED,RELATED/'");
  fakes.add("iptables-nft-restore",
            "echo change >>" + fakes.folder + "/log; exec /usr/sbin/iptables-nft-restore \"$@\"");
  Wall wall;
  for (int round = 0; round < 3; ++round) {
    CHECK(wall.ensure(true) == allIn("nft"));
  }
  CHECK(shell("wc -l <" + fakes.folder + "/log") == "1\n");
}
