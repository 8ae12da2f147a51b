// The controller itself loads the guard against loops (loop_guard_test.cpp tests its effect).
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

// Within a pass after dockerd's event about the network.
bool isGuarded(const std::vector<std::string>& parts) {
  return eventually([&parts] {
    const std::string table = tryShell("nft list table inet bgplb_loops").out;
    return std::all_of(parts.begin(), parts.end(), [&table](const std::string& part) {
      return table.find(part) != std::string::npos;
    });
  });
}

}  // namespace

TEST_CASE("Dockerd.TheLoopGuardHasTheUplinkAndEachVip", "[netns][dockerd]") {
  Lab lab;
  lab.startController();
  lab.announced("one", {"10.0.0.101/32", "2001:db8:0:1::101/128"});
  const std::string back = R"(iifname "us" oifname "us" ip)";
  CHECK(isGuarded({back + " daddr @vips4 reject", back + "6 daddr @vips6 reject", "10.0.0.101",
                   "2001:db8:0:1::101"}));
  lab.announced("two", {"10.0.0.102/32"});
  CHECK(isGuarded({back, "10.0.0.101", "10.0.0.102", "2001:db8:0:1::101"}));
}
