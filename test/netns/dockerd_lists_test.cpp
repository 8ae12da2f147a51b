// dockerd answers GET /networks with an error twice. The controller repeats it within a second.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

// From the first question to the third. A backoff of 0.25 s and 0.5 s takes 0.75 s.
constexpr auto kThirdQuestion = 1500ms;

void requireThirdQuestion(Lab& lab, std::size_t before) {
  REQUIRE(eventually([&] { return lab.dockerd.count("/networks") >= before + 3; }, 5s));
  const auto asked = lab.dockerd.requests("/networks");
  REQUIRE(asked[before + 2].at - asked[before].at <= kThirdQuestion);
}

}  // namespace

TEST_CASE("Dockerd.ListsFailTwiceAtStart_AskedAgainWithinASecond", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.controller.kill();
  const auto before = lab.dockerd.count("/networks");
  lab.dockerd.fail("/networks", 2);
  lab.controller.start();
  requireThirdQuestion(lab, before);
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.ListsFailTwiceAfterACutStream_AskedAgainWithinASecond", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto before = lab.dockerd.count("/networks");
  lab.dockerd.fail("/networks", 2);
  lab.dockerd.cutStreams();
  requireThirdQuestion(lab, before);
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}
