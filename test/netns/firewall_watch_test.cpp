// What others do to the packet filter is heard of, and answered.
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

bool areThere() {
  for (const char* tool : {"iptables-nft", "ip6tables-nft"}) {
    const std::string rules = tryShell(std::string(tool) + " -S").out;
    if (rules.find("-A FORWARD -j BGPLB-FORWARD") == std::string::npos) return false;
    if (rules.find("-A BGPLB-FORWARD") == std::string::npos) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("Iptables.PutsItsRulesBack_WhenSomebodyFlushesThem", "[netns]") {
  test::ScopedNetns netns;
  boost::asio::io_context io;
  firewall::Iptables iptables(io);
  iptables.ensure(true);
  REQUIRE(runUntil(io, [&] { return !iptables.busy() && areThere(); }, 10s));
  for (int round = 0; round < 2; ++round) {
    shell("iptables-nft -F; iptables-nft -X; ip6tables-nft -F; ip6tables-nft -X");
    REQUIRE_FALSE(areThere());
    CHECK(runUntil(io, [] { return areThere(); }, 20s));  // ten times as long as a look takes
  }
}

TEST_CASE("Iptables.LeavesThePacketFilterAlone_WhenNoRulesAreWanted", "[netns]") {
  test::ScopedNetns netns;
  boost::asio::io_context io;
  firewall::Iptables iptables(io);
  iptables.ensure(true);
  REQUIRE(runUntil(io, [&] { return !iptables.busy() && areThere(); }, 10s));
  iptables.ensure(false);
  REQUIRE(runUntil(io, [&] { return !iptables.busy(); }, 10s));
  shell("iptables-nft -N SOMEBODYS");
  CHECK_FALSE(runUntil(io, [&] { return iptables.busy() || areThere(); }, 1s));
}
