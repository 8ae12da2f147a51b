// Tests of the rules for iptables that drop what nft cannot drop.
#include "firewall/entry_rules.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/raw_restore.hpp"

using namespace bgplb;
using firewall::EntryRules;
using firewall::entryRules;
using firewall::HostRules;
using firewall::planEntry;
using test::ip;
using test::RawTable;
using Rules = std::vector<std::string>;

namespace {

constexpr core::Instance kFirst;
const firewall::Listener kListener{.port = 17900,
                                   .addresses = {ip("192.0.2.1"), ip("2001:db8::1")},
                                   .wildcards = {Family::V6},
                                   .peers = {ip("192.0.2.2"), ip("192.0.2.3")}};
const HostRules kAll{.vips = true, .loosened = {"br-gw", "docker0"}, .listener = kListener};
const std::set<Address> kVips{ip("10.0.0.101"), ip("10.0.0.102"), ip("2001:db8:9::101")};

}  // namespace

TEST_CASE("EntryRules.DropWhatTheTableInetBgplbDrops") {
  const auto v4 = entryRules(kFirst, Family::V4, kAll, kVips);
  CHECK(v4.entry == Rules{"-i br-gw -m rpfilter --invert -j BGPLB-SOURCES",
                          "-i docker0 -m rpfilter --invert -j BGPLB-SOURCES", "-i bgplb-+ -j DROP",
                          "-s 192.0.2.2/32 -p tcp -m tcp --dport 17900 -j RETURN",
                          "-s 192.0.2.3/32 -p tcp -m tcp --dport 17900 -j RETURN",
                          "-d 192.0.2.1/32 -p tcp -m tcp --dport 17900 -j DROP"});
  CHECK(v4.sources == Rules{"-s 10.0.0.101/32 -j RETURN", "-s 10.0.0.102/32 -j RETURN", "-j DROP"});
  const auto v6 = entryRules(kFirst, Family::V6, kAll, kVips);
  CHECK(v6.entry == Rules{"-i bgplb-+ -j DROP",
                          "-d 2001:db8::1/128 -p tcp -m tcp --dport 17900 -j DROP",
                          // A forwarded packet may be for the same port of another host.
                          "-p tcp -m tcp --dport 17900 -m addrtype --dst-type LOCAL -j DROP"});
  CHECK(v6.sources.empty());
}

TEST_CASE("EntryRules.ProtectBirdsPort_WithoutVipNetworks") {
  const HostRules host{.vips = false, .loosened = {"br-gw"}, .listener = kListener};
  const auto rules = entryRules(kFirst, Family::V4, host, {});
  CHECK(rules.entry.size() == 3);
  CHECK(rules.sources.empty());
  CHECK(entryRules(kFirst, Family::V4, {}, kVips) == EntryRules{});
}

// iptables reads a plus sign at the end of a name as a wildcard.
TEST_CASE("EntryRules.SkipLinksWithUnusualNames") {
  const HostRules host{.vips = true, .loosened = {"eth+", "a b"}, .listener = {}};
  CHECK(entryRules(kFirst, Family::V4, host, kVips).entry == Rules{"-i bgplb-+ -j DROP"});
}

TEST_CASE("EntryRules.ArePlannedFromAnyState_AndOtherRulesStay") {
  const EntryRules wanted = entryRules(kFirst, Family::V4, kAll, kVips);
  const EntryRules fewer =
      entryRules(kFirst, Family::V4, {.vips = true, .loosened = {}, .listener = {}}, {});
  const std::string others =
      "*raw\n:PREROUTING ACCEPT [1:2]\n:OUTPUT ACCEPT [0:0]\n:THEIRS - [0:0]\n"
      "-A PREROUTING -j THEIRS\n-A THEIRS -s 192.0.2.7/32 -j DROP\n";
  const std::string state =
      GENERATE(as<std::string>{}, "", ":BGPLB-ENTRY - [0:0]\n", ":BGPLB-SOURCES - [0:0]\n",
               ":BGPLB-ENTRY - [0:0]\n:BGPLB-SOURCES - [0:0]\n"
               "-A PREROUTING -j BGPLB-ENTRY\n-A PREROUTING -j BGPLB-ENTRY\n"
               "-A BGPLB-ENTRY -i br-gw -j BGPLB-SOURCES\n"
               "-A BGPLB-SOURCES -j BGPLB-ENTRY\n");
  CAPTURE(state);
  RawTable table(others + state + "COMMIT\n");
  const auto before = table.ofOthers();
  for (const auto& rules : {wanted, fewer, wanted}) {
    table.restore(planEntry(kFirst, table.saved(), rules, {}));
    CHECK(firewall::parseEntry(table.saved(), kFirst) == rules);
    CHECK(planEntry(kFirst, table.saved(), rules, {}).empty());
    CHECK(table.ofOthers() == before);
  }
  table.restore(planEntry(kFirst, table.saved(), {}, {}));
  CHECK(table.chains == before);
  CHECK(planEntry(kFirst, table.saved(), {}, {}).empty());
}

TEST_CASE("EntryRules.AreAccepted_InTheNotationOfThisIptables") {
  const EntryRules wanted =
      entryRules(kFirst, Family::V4, {.vips = true, .loosened = {}, .listener = {}}, {});
  RawTable table("*raw\nCOMMIT\n");
  table.restore(planEntry(kFirst, table.saved(), wanted, {}));
  table.chains["BGPLB-ENTRY"] = {"-i bgplb-* -j DROP"};
  const EntryRules listed{.entry = {"-i bgplb-* -j DROP"}, .sources = {}};
  CHECK(!planEntry(kFirst, table.saved(), wanted, {}).empty());
  CHECK(planEntry(kFirst, table.saved(), wanted, listed).empty());
  table.chains["BGPLB-ENTRY"].emplace_back("-j ACCEPT");
  CHECK(!planEntry(kFirst, table.saved(), wanted, listed).empty());
}

TEST_CASE("EntryRules.EachInstanceChangesOnlyItsOwnChains") {
  constexpr core::Instance kSecond(2);
  const EntryRules ofFirst = entryRules(kFirst, Family::V4, kAll, kVips);
  const EntryRules ofSecond = entryRules(kSecond, Family::V4, kAll, kVips);
  CHECK(ofSecond.entry.front() == "-i br-gw -m rpfilter --invert -j BGPLB2-SOURCES");
  RawTable table("*raw\nCOMMIT\n");
  table.restore(planEntry(kFirst, table.saved(), ofFirst, {}));
  const auto before = table.chains;
  table.restore(planEntry(kSecond, table.saved(), ofSecond, {}));
  CHECK(table.ofOthers(kSecond) == before);
  CHECK(firewall::parseEntry(table.saved(), kFirst) == ofFirst);
  CHECK(firewall::parseEntry(table.saved(), kSecond) == ofSecond);
  CHECK(planEntry(kFirst, table.saved(), ofFirst, {}).empty());
  CHECK(planEntry(kSecond, table.saved(), ofSecond, {}).empty());
  table.restore(planEntry(kSecond, table.saved(), {}, {}));
  CHECK(table.chains == before);
}
