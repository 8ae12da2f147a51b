#include "firewall/mss_clamp.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using firewall::mssClampRules;

TEST_CASE("MssClamp.HasOneSetAndTwoRulesForEachFamilyAndMss") {
  CHECK(mssClampRules({{ip("10.0.0.101"), 1220},
                       {ip("10.0.0.102"), 1220},
                       {ip("10.0.0.103"), 1400},
                       {ip("2001:db8::1"), 1220}}) ==
        "  set vips4_1220 {\n"
        "    typeof ip daddr\n"
        "    elements = { 10.0.0.101, 10.0.0.102 }\n"
        "  }\n"
        "  set vips4_1400 {\n"
        "    typeof ip daddr\n"
        "    elements = { 10.0.0.103 }\n"
        "  }\n"
        "  set vips6_1220 {\n"
        "    typeof ip6 daddr\n"
        "    elements = { 2001:db8::1 }\n"
        "  }\n"
        "  chain clamp {\n"
        "    ip daddr @vips4_1220 tcp option maxseg size set 1220\n"
        "    ip saddr @vips4_1220 tcp option maxseg size set 1220\n"
        "    ip daddr @vips4_1400 tcp option maxseg size set 1400\n"
        "    ip saddr @vips4_1400 tcp option maxseg size set 1400\n"
        "    ip6 daddr @vips6_1220 tcp option maxseg size set 1220\n"
        "    ip6 saddr @vips6_1220 tcp option maxseg size set 1220\n"
        "  }\n"
        "  chain forward {\n"
        "    type filter hook forward priority mangle; policy accept;\n"
        "    tcp flags & (syn | rst) == syn jump clamp\n"
        "  }\n");
}

TEST_CASE("MssClamp.WithoutALimitThereIsNoTable") { CHECK(mssClampRules({}).empty()); }
