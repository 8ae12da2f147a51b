// Peers that not every host has.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

// As in an AWS Transit Gateway Connect attachment.
TEST_CASE("Dockerd.SessionBetweenIpv4LinkLocalAddresses_VipsAreAnnounced", "[netns][dockerd]") {
  Lab lab({.subnet = "169.254.6"});
  lab.begin();
  lab.checkWithdrawals();
  lab.checkEnd();
}
