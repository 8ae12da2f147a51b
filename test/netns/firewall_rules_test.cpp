// Tests of the installed rules after ensure(), also with iptables programs that fail.
#include "netns/packet_filter.hpp"

#include "support/build.hpp"

#include <fmt/format.h>

#include <optional>

using namespace bgplb;
using namespace bgplb::test::packet_filter;
using firewall::GuardedTraffic;
using firewall::SegmentLimits;
using test::runUntil;
using test::shell;
using test::tryShell;

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
  const WithoutNft fakes;
  fakes.add("iptables-legacy-restore", "echo change >>" + fakes.folder +
                                           "/log; exec /usr/sbin/iptables-legacy-restore \"$@\"");
  const auto rules = [](const char* program) {
    return shell(std::string(program) + " -t raw | grep -- '^-A' || :");
  };
  const std::string jump = "-A PREROUTING -j BGPLB-ENTRY\n";
  const std::string entry = "-A BGPLB-ENTRY -i bgplb-+ -j DROP\n";
  const std::string foreign = "-A PREROUTING -p icmp -j ACCEPT\n";
  Wall wall;
  CHECK(has(wall.ensure(true).marksProblem, "Protocol not supported"));
  for (int round = 0; round < 2; ++round) {
    CHECK(wall.iptables.status().problem == "");
    CHECK(wall.iptables.status().protectionProblem == "");
    CHECK(rules("iptables-legacy-save") == jump + entry);
    CHECK(rules("ip6tables-legacy-save") == jump + entry);
    wall.ensure(true);
  }
  CHECK(shell("wc -l <" + fakes.folder + "/log") == "1\n");
  shell("iptables-legacy -t raw -A PREROUTING -p icmp -j ACCEPT");
  shell("iptables-legacy -t raw -F BGPLB-ENTRY");
  wall.ensure(true);
  CHECK(rules("iptables-legacy-save") == jump + foreign + entry);
  SECTION("the last VIP network is removed") { wall.ensure(false); }
  SECTION("nft works again") {
    fakes.remove("nft");
    CHECK(wall.ensure(true).marksProblem == "");
  }
  CHECK(rules("iptables-legacy-save") == foreign);
  CHECK(rules("ip6tables-legacy-save") == "");
  CHECK(!has(shell("iptables-legacy-save -t raw"), "BGPLB"));
}

TEST_CASE("Iptables.EachInstanceHasItsOwnTablesAndChains") {
  const test::ScopedNetns netns;
  std::optional<WithoutNft> fakes;
  if (GENERATE(false, true)) fakes.emplace();
  const Address vip1 = test::ip("10.0.0.101");
  const Address vip2 = test::ip("10.0.0.201");
  Wall first;
  Wall second(core::Instance(2));
  first.iptables.guard([&] { return GuardedTraffic{{vip1}, {"lo"}, {vip2}}; });
  first.iptables.clampMss([&] { return SegmentLimits{{vip1, 1220}}; });
  first.iptables.filterSources({"br-gw"});
  second.iptables.guard([&] { return GuardedTraffic{{vip2}, {"lo"}, {vip1}}; });
  second.iptables.clampMss([&] { return SegmentLimits{{vip2, 1220}}; });
  const auto rules = [&fakes] {
    const std::string raw = fakes ? "; iptables-legacy-save -t raw" : "";
    return shell("(nft list tables; iptables-nft-save" + raw + ") | grep -v '^[#:]'");
  };
  first.ensure(true);
  const std::string before = rules();
  for (int round = 0; round < 2; ++round) {
    CHECK(second.ensure(true).problem == "");
    CHECK(first.ensure(true).obstacles == "");
    CHECK(has(rules(), "-A FORWARD -j BGPLB2-FORWARD\n"));
    if (fakes) {
      CHECK(has(rules(), "-A PREROUTING -j BGPLB2-ENTRY\n"));
      CHECK(has(rules(), "-A BGPLB2-ENTRY -i bgplb-+ -j DROP\n"));
      // A reply from a VIP of the second instance enters by the bridge that the first has loosened.
      CHECK(has(rules(), "-A BGPLB-SOURCES -s 10.0.0.201/32 -j RETURN\n"));
    } else {
      for (const char* table :
           {"bgplb", "bgplb_loops", "bgplb_mss", "bgplb2", "bgplb2_loops", "bgplb2_mss"}) {
        CHECK(has(rules(), fmt::format("table inet {}\n", table)));
      }
    }
    second.ensure(false);
    CHECK(!has(rules(), "BGPLB2"));
    CHECK(!has(rules(), "bgplb2"));
  }
  CHECK(rules() == before);
}

TEST_CASE("Iptables.InstallsTheOtherRules_WithoutTheRpfilterMatch") {
  const test::ScopedNetns netns;
  const WithoutNft fakes;
  fakes.add(
      "iptables-legacy-restore",
      "commands=$(cat)\n"
      "case $commands in *rpfilter*) echo 'Extension rpfilter is not supported' >&2; exit 2;; "
      "esac\n"
      "echo \"$commands\" | exec /usr/sbin/iptables-legacy-restore \"$@\"");
  Wall wall;
  wall.iptables.filterSources({"br-gw"});
  CHECK(has(wall.ensure(true).protectionProblem, "rpfilter is not supported"));
  CHECK(has(shell("iptables-legacy-save -t raw"), "-A BGPLB-ENTRY -i bgplb-+ -j DROP\n"));
  fakes.remove("iptables-legacy-restore");
  CHECK(wall.ensure(true).protectionProblem == "");
  CHECK(has(shell("iptables-legacy-save -t raw"),
            "-A BGPLB-ENTRY -i br-gw -m rpfilter --invert -j BGPLB-SOURCES\n"));
}

// A host without VIP networks, on which only BIRD's port needs protection.
TEST_CASE("Iptables.ReportsThatBirdsPortIsOpen_WithoutVipNetworks") {
  const test::ScopedNetns netns;
  const WithoutNft fakes;
  Wall wall;
  CHECK(wall.ensure(false) == firewall::FirewallStatus{});  // nothing needs nft
  wall.iptables.guardListener({.port = 17900, .addresses = {test::ip("192.0.2.1")}});
  fakes.add("iptables-legacy-save", "echo 'Permission denied' >&2; exit 1");
  const auto& open = wall.ensure(false);
  CHECK(has(open.marksProblem, "Protocol not supported"));
  CHECK(has(open.protectionProblem, "Permission denied"));
  fakes.remove("iptables-legacy-save");
  CHECK(wall.ensure(false).protectionProblem == "");
  CHECK(has(wall.iptables.status().marksProblem, "Protocol not supported"));
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
