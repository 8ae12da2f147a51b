// Tests of how Iptables reacts to changes of the packet filter by other programs.
#include "firewall/iptables.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/scoped_netns.hpp"

#include <boost/asio/io_context.hpp>

using namespace bgplb;
using namespace std::chrono_literals;
using test::runUntil;
using test::shell;
using test::tryShell;

namespace {

bool areInstalled() {
  for (const char* tool : {"iptables-nft", "ip6tables-nft"}) {
    const std::string rules = tryShell(std::string(tool) + " -S").out;
    if (rules.find("-A FORWARD -j BGPLB-FORWARD") == std::string::npos) return false;
    if (rules.find("-A BGPLB-FORWARD") == std::string::npos) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("Iptables.RestoresItsRules_AfterAnotherProgramFlushedThem", "[netns]") {
  test::ScopedNetns netns;
  boost::asio::io_context io;
  firewall::Iptables iptables(io);
  iptables.ensure(true);
  REQUIRE(runUntil(
      io, [&] { return !iptables.busy() && areInstalled(); }, 10s));
  for (int round = 0; round < 2; ++round) {
    shell("iptables-nft -F; iptables-nft -X; ip6tables-nft -F; ip6tables-nft -X");
    REQUIRE_FALSE(areInstalled());
    CHECK(runUntil(
        io, [] { return areInstalled(); }, 20s));  // ten times the duration of a pass
  }
}

TEST_CASE("Iptables.IgnoresChanges_WhenNoRulesAreWanted", "[netns]") {
  test::ScopedNetns netns;
  boost::asio::io_context io;
  firewall::Iptables iptables(io);
  iptables.ensure(true);
  REQUIRE(runUntil(
      io, [&] { return !iptables.busy() && areInstalled(); }, 10s));
  iptables.ensure(false);
  REQUIRE(runUntil(
      io, [&] { return !iptables.busy(); }, 10s));
  shell("iptables-nft -N FOREIGN");
  CHECK_FALSE(runUntil(
      io, [&] { return iptables.busy() || areInstalled(); }, 1s));
}

TEST_CASE("Iptables.NamesATableOfAnotherProgramThatStopsPacketsToVips_AsLongAsItExists",
          "[netns]") {
  test::ScopedNetns netns;
  boost::asio::io_context io;
  firewall::Iptables iptables(io);
  iptables.ensure(true);
  const auto reports = [&](const std::string& part) {
    const auto found = [&] {
      const std::string& text = iptables.status().obstacles;
      return part.empty() ? text.empty() : text.find(part) != std::string::npos;
    };
    return runUntil(
        io, [&] { return !iptables.busy() && found(); }, 20s);
  };
  REQUIRE(reports(""));
  shell(
      "nft -f - <<'END'\n"
      "table inet mine {\n"
      "  chain forward {\n"
      "    type filter hook forward priority filter; policy drop;\n"
      "    ip daddr 192.0.2.1 accept\n"
      "  }\n"
      "}\n"
      "END");
  CHECK(reports("table inet mine stops forwarded packets"));
  shell("nft add rule inet mine forward oifname '\"bgplb-*\"' accept");
  CHECK(reports(""));
  shell("nft flush chain inet mine forward; nft add rule inet mine forward counter reject");
  CHECK(reports("table inet mine stops forwarded packets"));
  shell("nft delete table inet mine");
  CHECK(reports(""));
}
