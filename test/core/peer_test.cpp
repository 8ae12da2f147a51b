#include "core/peer.hpp"

#include "core/local_daemon.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

std::string problems(const std::vector<core::Peer>& peers) {
  std::string all;
  for (const auto& problem : core::peerProblems(peers)) all += problem + "\n";
  return all;
}

}  // namespace

TEST_CASE("Peer.TheDefaultNameIsAValidBirdSymbol") {
  CHECK(core::peerName(ip("192.168.8.137")) == "192_168_8_137");
  CHECK(core::peerName(ip("2001:db8::137")) == "2001_db8__137");
  CHECK(core::peerName(ip("2001:db8:0:0:1::137")) != core::peerName(ip("2001:db8::1:137")));
  for (const char* address :
       {"192.168.8.137", "2001:db8::137", "2001:db8:1111:2222:3333:4444:5555:6666"}) {
    CHECK(core::nameProblem(core::peerName(ip(address))).empty());
  }
}

TEST_CASE("Peer.NamesMustBeValidInABirdSymbol") {
  for (const char* good : {"a", "left", "Router_2"}) CHECK(core::nameProblem(good).empty());
  for (const auto& bad : {std::string(), std::string("a-b"), std::string("a b"), std::string("a;b"),
                          std::string("\xc3\xa4"), std::string(41, 'x')}) {
    CAPTURE(bad);
    CHECK_FALSE(core::nameProblem(bad).empty());
  }
}

TEST_CASE("Peer.ReservedAsNumbersAreRefused") {
  for (const std::uint32_t as : {0U, 23456U, 65535U, 4294967295U}) {
    CAPTURE(as);
    CHECK(core::asProblem(as).find(std::to_string(as)) != std::string::npos);
  }
  for (const std::uint32_t as : {1U, 23455U, 23457U, 64512U, 65534U, 65536U, 4294967294U}) {
    CAPTURE(as);
    CHECK(core::asProblem(as).empty());
  }
}

TEST_CASE("Peer.PasswordsThatBirdCannotReadAreRefused") {
  for (const std::string bad : {"a\"b", "\"", "a\nb", "a\tb", "a\rb", "a\x7f", "\x01"}) {
    const auto problem = core::passwordProblem("sesame" + bad);
    CHECK_FALSE(problem.empty());
    CHECK(problem.find("sesame") == std::string::npos);
  }
  CHECK_FALSE(core::passwordProblem(std::string("a\0b", 3)).empty());
  CHECK(core::passwordProblem(std::string(80, 'x')).empty());
  CHECK(core::passwordProblem(std::string(81, 'x')).find("at most 80") != std::string::npos);
  for (const std::string good : {"", "a;b", "a}b{", "#", "'", "\\", "\\n", "//", "/* */", "{{x}}",
                                 "päss wörd", "include \\", "$x", "%s"}) {
    CHECK(core::passwordProblem(good).empty());
  }
}

TEST_CASE("Peer.EachProblemContainsThePeersAddress") {
  CHECK(problems({peer("192.168.8.137", 64512), peer("2001:db8::137", 64512)}).empty());
  auto wrong = peer("192.168.8.137", 23456);
  wrong.name = "a b";
  wrong.password = Secret("\"");
  wrong.hops = 0;
  wrong.source = ip("2001:db8::40");
  wrong.nextHop4 = ip("2001:db8::40");
  wrong.nextHop6 = ip("fe80::1");
  const auto all = problems({wrong, peer("224.0.0.1", 64512)});
  for (const char* part :
       {"peer 192.168.8.137: AS 23456", "137: the name", "137: the password", "137: 0 hops",
        "137: the source 2001:db8::40", "137: 2001:db8::40 is not an IPv4 next hop",
        "137: fe80::1 is not an IPv6 next hop", "peer 224.0.0.1: no session"}) {
    CAPTURE(part, all);
    CHECK(all.find(part) != std::string::npos);
  }
}

TEST_CASE("Peer.AnIpv4LinkLocalAddressIsAllowed_ExceptThoseOfOurNextHops") {
  for (const char* good : {"169.254.169.254", "169.254.6.1", "169.254.76.255", "169.254.78.0"}) {
    CHECK(core::isSessionAddress(ip(good)));
  }
  for (const char* wrong : {"169.254.77.0", "169.254.77.1", "169.254.77.255", "fe80::1"}) {
    CHECK_FALSE(core::isSessionAddress(ip(wrong)));
  }
}

TEST_CASE("Peer.ARoutingDaemonOfThisHostMayHaveAnIpv4LoopbackAddress") {
  CHECK(core::isPeerAddress(ip("127.0.0.1")));
  CHECK_FALSE(core::isPeerAddress(ip("::1")));
  CHECK_FALSE(core::isSessionAddress(ip("127.0.0.1")));
  auto local = peer("127.0.0.1", 64512);
  local.source = core::localSource();
  local.nextHop4 = core::localNextHop(Family::V4);
  local.nextHop6 = core::localNextHop(Family::V6);
  CHECK(problems({local}).empty());
  std::swap(local.nextHop4, local.nextHop6);
  CHECK_FALSE(problems({local}).empty());
}

TEST_CASE("Peer.DuplicateNamesAndAddressesAreRefused") {
  auto second = peer("192.168.8.138", 64512);
  second.name = "192_168_8_137";
  CHECK(problems({peer("192.168.8.137", 64512), second}).find("another peer has the name") !=
        std::string::npos);
  second = peer("192.168.8.137", 64512);
  second.name = "other";
  CHECK(problems({peer("192.168.8.137", 64512), second}).find("the same address") !=
        std::string::npos);
}
