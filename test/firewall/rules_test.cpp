// Tests of parsing filter tables, planning changes and choosing the flavour. The tables were
// written by real versions of dockerd (recorded/, by record.sh).
#include "firewall/iptables.hpp"
#include "firewall/rules.hpp"
#include "io/file.hpp"
#include "support/catch.hpp"
#include "support/iptables_restore.hpp"

#include <algorithm>
#include <sstream>

using namespace bgplb;
using firewall::FilterTable;
using firewall::Flavour;
using firewall::ownRules;
using firewall::parse;
using firewall::planAbsent;
using firewall::planPresent;
using test::restored;

namespace {

constexpr core::Instance kFirst;
constexpr core::Instance kSecond(2);
const std::vector<std::string> kNone;
const std::string kJump = "-j BGPLB-FORWARD";

FilterTable recorded(const std::string& name) {
  const auto text =
      io::readFile(std::string(TEST_SOURCE_DIR) + "/firewall/recorded/" + name + ".save");
  REQUIRE(text.has_value());
  return parse(*text, kFirst);
}

std::vector<std::string> withoutJump(std::vector<std::string> rules) {
  std::erase(rules, kJump);
  return rules;
}

// Plans and applies the installation and the removal of our rules, checks the invariants of every
// plan, and returns the rules of FORWARD after the installation.
std::vector<std::string> install(const FilterTable& before) {
  const FilterTable after = restored(before, planPresent(kFirst, Family::V4, before, kNone));
  CHECK(planPresent(kFirst, Family::V4, after, kNone).empty());
  CHECK(after.own == ownRules(Family::V4));
  CHECK(withoutJump(after.forward) == withoutJump(before.forward));
  FilterTable gone = restored(after, planAbsent(kFirst, after));
  CHECK(planAbsent(kFirst, gone).empty());
  CHECK(gone.forward == withoutJump(before.forward));
  CHECK(!gone.own.has_value());
  return after.forward;
}

std::string before(const std::vector<std::string>& rules) {
  const auto jump = std::find(rules.begin(), rules.end(), kJump);
  REQUIRE(jump != rules.end());
  return jump == rules.begin() ? "" : *(jump - 1);
}

std::string behind(const std::vector<std::string>& rules) {
  const auto jump = std::find(rules.begin(), rules.end(), kJump);
  REQUIRE(jump != rules.end());
  return jump + 1 == rules.end() ? "" : *(jump + 1);
}

}  // namespace

TEST_CASE("Rules.JumpFollowsDockerUserDirectly") {
  for (const std::string name : {"docker-20.10.v4", "docker-26.1.v4", "docker-26.1.v6",
                                 "docker-28.5.v4", "docker-28.5.v6"}) {
    INFO(name);
    const FilterTable table = recorded(name);
    CHECK(table.docker);
    CHECK(!table.own.has_value());
    const auto rules = install(table);
    CHECK(before(rules) == "-j DOCKER-USER");
  }
}

TEST_CASE("Rules.JumpPrecedesDockersRules_WithoutDockerUser") {
  const auto rules = install(recorded("docker-20.10.v6"));
  CHECK(rules.front() == kJump);
  CHECK(behind(rules) == "-j DOCKER-ISOLATION-STAGE-1");
}

TEST_CASE("Rules.JumpIsMovedBack_AfterDockerMovedItsJumps") {
  for (const std::string name :
       {"docker-20.10.later.v4", "docker-26.1.later.v4", "docker-26.1.later.v6"}) {
    INFO(name);
    FilterTable table = recorded(name);
    CHECK(before(table.forward) != "-j DOCKER-USER");
    table.own = ownRules(Family::V4);
    const std::string commands = planPresent(kFirst, Family::V4, table, kNone);
    CHECK(commands ==
          "*filter\n-D FORWARD -j BGPLB-FORWARD\n-I FORWARD 2 -j BGPLB-FORWARD\nCOMMIT\n");
    CHECK(before(install(table)) == "-j DOCKER-USER");
  }
  for (const std::string name : {"docker-28.5.later.v4", "docker-28.5.later.v6"}) {
    INFO(name);
    FilterTable table = recorded(name);
    table.own = ownRules(Family::V4);
    CHECK(planPresent(kFirst, Family::V4, table, kNone).empty());
  }
}

TEST_CASE("Rules.AreInstalledInOneTransaction") {
  CHECK(planPresent(kFirst, Family::V4, FilterTable{}, kNone) ==
        "*filter\n"
        ":BGPLB-FORWARD - [0:0]\n"
        "-A BGPLB-FORWARD ! -i bgplb-+ -o bgplb-+ -m connmark --mark 0x0/0xff00000 -j CONNMARK "
        "--set-xmark 0xff01000/0xff01000\n"
        "-A BGPLB-FORWARD ! -i bgplb-+ -o bgplb-+ -j ACCEPT\n"
        "-A BGPLB-FORWARD -m connmark ! --mark 0x0/0xff00000 -m connmark --mark 0x1000/0x1000 -m "
        "conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
        "-I FORWARD 1 -j BGPLB-FORWARD\n"
        "COMMIT\n");
  CHECK(planAbsent(kFirst, FilterTable{}).empty());
  CHECK(planPresent(kFirst, Family::V6, FilterTable{}, kNone)
            .find("-i bgplb_+ -o bgplb_+ -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT\n") !=
        std::string::npos);
}

TEST_CASE("Rules.JumpFollowsTheAdministratorsRules_WithoutDocker") {
  FilterTable table{.policy = "DROP", .forward = {"-s 192.0.2.0/24 -j DROP", "-i eth0 -j ACCEPT"}};
  auto rules = install(table);
  CHECK(rules.back() == kJump);

  // A rule that the administrator appends later does not apply to VIPs. The jump is not moved.
  table = {.policy = "DROP", .forward = {kJump, "-j ACCEPT"}, .own = ownRules(Family::V4)};
  CHECK(planPresent(kFirst, Family::V4, table, kNone).empty());

  // A last rule that rejects everything acts as a policy, so the jump precedes it.
  table = {.policy = "ACCEPT",
           .forward = {"-i eth0 -j ACCEPT", "-j REJECT --reject-with icmp-host-prohibited"}};
  rules = install(table);
  CHECK(behind(rules) == "-j REJECT --reject-with icmp-host-prohibited");

  // After Docker has been installed, the jump moves behind DOCKER-USER.
  table = {.policy = "DROP",
           .forward = {"-j DOCKER-USER", "-j DOCKER-FORWARD", kJump},
           .own = ownRules(Family::V4)};
  CHECK(before(install(table)) == "-j DOCKER-USER");
}

TEST_CASE("Rules.AreRestored_AfterAnotherProgramChangedThem") {
  FilterTable installed = recorded("docker-28.5.v4");
  installed = restored(installed, planPresent(kFirst, Family::V4, installed, kNone));

  FilterTable flushed =
      parse("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n", kFirst);
  // The state after a firewall service has reloaded its rules.
  CHECK(install(flushed) == std::vector<std::string>{kJump});

  FilterTable table = installed;
  table.own->pop_back();
  CHECK(planPresent(kFirst, Family::V4, table, kNone).find("FORWARD 2") ==
        std::string::npos);  // the jump is correct and not moved
  install(table);
  table = installed;
  table.own->clear();
  install(table);
  table = installed;
  table.forward.push_back(kJump);  // a second jump
  CHECK(install(table) == installed.forward);
  table = installed;
  std::erase(table.forward, kJump);
  CHECK(install(table) == installed.forward);
}

TEST_CASE("Rules.AreAccepted_InTheNotationOfThisIptables") {
  FilterTable table{.forward = {kJump},
                    .own = {{"other notation 1", "other notation 2", "other notation 3"}}};
  CHECK(!planPresent(kFirst, Family::V4, table, kNone).empty());
  CHECK(planPresent(kFirst, Family::V4, table, *table.own).empty());
  table.own->back() = "tampered";
  CHECK(!planPresent(kFirst, Family::V4, table,
                     {"other notation 1", "other notation 2", "other notation 3"})
             .empty());
}

TEST_CASE("Parse.ReadsOnlyTheFilterTable") {
  const FilterTable table = parse(
      "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n"
      "*nat\n:FORWARD DROP [0:0]\n-A FORWARD -j NOT-THIS\nCOMMIT\n"
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [12:345]\n:BGPLB-FORWARD - [0:0]\n"
      "-A FORWARD -j BGPLB-FORWARD\n-A BGPLB-FORWARD -j ACCEPT\nCOMMIT",
      kFirst);
  CHECK(table.policy == "DROP");
  CHECK(table.forward == std::vector<std::string>{kJump});
  REQUIRE(table.own.has_value());
  CHECK(*table.own == std::vector<std::string>{"-j ACCEPT"});
  CHECK(!table.docker);
  CHECK(parse("", kFirst) == FilterTable{});
  CHECK(parse("# Table `filter' is incompatible, use 'nft' tool.\n", kFirst).incompatible);
}

TEST_CASE("Parse.AcceptsTruncatedLines") {
  CHECK(parse("*filter\n:FORWARD", kFirst).policy.empty());
  CHECK(parse("*filter\n:FORWARD ", kFirst).policy.empty());
  CHECK(parse("*filter\n:FORWARD DROP", kFirst).policy == "DROP");
  CHECK(parse("*filter\n:\n-A FORWARD \n", kFirst) == FilterTable{.forward = {""}});
}

TEST_CASE("Choose.PrefersTheFlavourWithDockersChains") {
  using Seen = std::map<Flavour, FilterTable>;
  using Flavours = std::vector<Flavour>;
  const FilterTable docker = recorded("docker-26.1.v4");
  const FilterTable bare;
  const FilterTable drops{.policy = "DROP"};
  const FilterTable ours{.policy = "ACCEPT", .forward = {kJump}, .own = ownRules(Family::V4)};
  const Flavours nft{Flavour::Nft};
  const Flavours legacy{Flavour::Legacy};
  const Flavours both{Flavour::Nft, Flavour::Legacy};

  CHECK(choose(Seen{{Flavour::Nft, docker}, {Flavour::Legacy, drops}}, {}) == nft);
  CHECK(choose(Seen{{Flavour::Nft, drops}, {Flavour::Legacy, docker}}, {}) == legacy);
  CHECK(choose(Seen{{Flavour::Nft, docker}, {Flavour::Legacy, docker}}, {}) == both);
  CHECK(choose(Seen{{Flavour::Nft, bare}, {Flavour::Legacy, drops}}, {}) == legacy);
  CHECK(choose(Seen{{Flavour::Nft, drops}, {Flavour::Legacy, drops}}, {}) == both);
  CHECK(choose(Seen{{Flavour::Nft, bare}, {Flavour::Legacy, bare}}, {}) == nft);
  CHECK(choose(Seen{{Flavour::Nft, ours}, {Flavour::Legacy, drops}}, {}) == legacy);
  CHECK(choose(Seen{{Flavour::Nft, bare}, {Flavour::Legacy, bare}}, legacy) == legacy);
  CHECK(choose(Seen{{Flavour::Nft, docker}, {Flavour::Legacy, bare}}, legacy) == nft);
  CHECK(choose(Seen{{Flavour::Nft, bare}}, legacy) == nft);
  CHECK(choose(Seen{{Flavour::Legacy, bare}}, {}) == legacy);
  CHECK(choose(Seen{}, {}).empty());
}

TEST_CASE("Rules.OfTwoInstancesLeaveEachOtherInPlace") {
  const std::string other = "-j BGPLB2-FORWARD";
  FilterTable table = recorded("docker-28.5.v4");
  const auto ours = restored(table, planPresent(kFirst, Family::V4, table, kNone), kFirst);
  // As the second instance lists the table.
  FilterTable seen{.docker = ours.docker, .policy = ours.policy, .forward = ours.forward};
  const auto both = restored(seen, planPresent(kSecond, Family::V4, seen, kNone), kSecond);
  CHECK(planPresent(kSecond, Family::V4, both, kNone).empty());
  CHECK(withoutJump(both.forward).size() == withoutJump(ours.forward).size() + 1);

  FilterTable again = ours;
  again.forward = both.forward;
  CHECK(planPresent(kFirst, Family::V4, again, kNone).empty());  // in either order
  std::swap(*std::find(again.forward.begin(), again.forward.end(), kJump),
            *std::find(again.forward.begin(), again.forward.end(), other));
  CHECK(planPresent(kFirst, Family::V4, again, kNone).empty());

  const auto left = restored(both, planAbsent(kSecond, both), kSecond);
  CHECK(left.forward == ours.forward);
}

TEST_CASE("Rules.JumpFollowsTheJumpOfAnotherInstance_BeforeARejectAll") {
  const std::string other = "-j BGPLB2-FORWARD";
  FilterTable table{.policy = "ACCEPT", .forward = {other, "-i lo -j ACCEPT", "-j REJECT"}};
  const auto after = restored(table, planPresent(kFirst, Family::V4, table, kNone));
  CHECK(after.forward == std::vector<std::string>{other, "-i lo -j ACCEPT", kJump, "-j REJECT"});
}

TEST_CASE("Parse.TheChainOfAnotherInstanceIsNotOurs") {
  const char* const saved =
      "*filter\n:FORWARD DROP [0:0]\n:BGPLB2-FORWARD - [0:0]\n-A FORWARD -j BGPLB2-FORWARD\n"
      "-A BGPLB2-FORWARD -j ACCEPT\nCOMMIT\n";
  CHECK(!parse(saved, kFirst).own.has_value());
  CHECK(parse(saved, kSecond).own == std::vector<std::string>{"-j ACCEPT"});
  FilterTable open = parse(saved, kFirst);
  open.policy = "ACCEPT";
  CHECK(open.isBare());
}
