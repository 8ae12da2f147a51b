// dockerd replies to GET /networks with an error twice. The controller repeats the request within a
// second.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

// From the first request to the third. A backoff of 0.25 s and 0.5 s takes 0.75 s.
constexpr auto kThirdRequest = 1500ms;

void requireThirdRequest(Lab& lab, std::size_t before) {
  REQUIRE(eventually([&] { return lab.dockerd.count("/networks") >= before + 3; }, 5s));
  const auto requests = lab.dockerd.requests("/networks");
  REQUIRE(requests[before + 2].at - requests[before].at <= kThirdRequest);
}

}  // namespace

TEST_CASE("Dockerd.ListsFailTwiceAtStart_RetriedWithinASecond", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.controller.kill();
  const auto before = lab.dockerd.count("/networks");
  lab.dockerd.fail("/networks", 2);
  lab.controller.start();
  requireThirdRequest(lab, before);
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.ListsFailTwiceAfterACutStream_RetriedWithinASecond", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto before = lab.dockerd.count("/networks");
  lab.dockerd.fail("/networks", 2);
  lab.dockerd.cutStreams();
  requireThirdRequest(lab, before);
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}
