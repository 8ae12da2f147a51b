#include "firewall/loop_guard.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using firewall::loopGuardRules;

TEST_CASE("LoopGuard.RejectsPacketsToAVipThatReturnToTheirLink") {
  CHECK(
      loopGuardRules({.vips = {ip("10.0.0.101"), ip("10.0.0.102"), ip("2001:db8::1")},
                      .links = {"eth0", "wg-0"}}) ==
      "  set vips4 {\n"
      "    typeof ip daddr\n"
      "    elements = { 10.0.0.101, 10.0.0.102 }\n"
      "  }\n"
      "  set vips6 {\n"
      "    typeof ip6 daddr\n"
      "    elements = { 2001:db8::1 }\n"
      "  }\n"
      "  chain forward {\n"
      "    type filter hook forward priority filter - 10; policy accept;\n"
      "    iifname \"eth0\" oifname \"eth0\" ip daddr @vips4 reject with icmp host-unreachable\n"
      "    iifname \"eth0\" oifname \"eth0\" ip6 daddr @vips6 reject with icmpv6 addr-unreachable\n"
      "    iifname \"wg-0\" oifname \"wg-0\" ip daddr @vips4 reject with icmp host-unreachable\n"
      "    iifname \"wg-0\" oifname \"wg-0\" ip6 daddr @vips6 reject with icmpv6 addr-unreachable\n"
      "  }\n");
}

TEST_CASE("LoopGuard.HasRulesOnlyForTheFamiliesOfTheVips") {
  const auto rules = loopGuardRules({.vips = {ip("10.0.0.101")}, .links = {"eth0"}});
  CHECK(rules.find("@vips4") != std::string::npos);
  CHECK(rules.find("icmpv6") == std::string::npos);
}

// Anybody who may rename a link could otherwise write rules. A star would match other links.
TEST_CASE("LoopGuard.LeavesOutLinksWithUnusualNames") {
  for (const char* link : {"a\"; drop", "eth*", "", "x\n"}) {
    CHECK(loopGuardRules({.vips = {ip("10.0.0.101")}, .links = {link}}).find("reject") ==
          std::string::npos);
  }
}
