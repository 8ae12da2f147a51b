// Compares the rendered configuration byte for byte with the golden files, and parses it with a
// real BIRD.
//
// UPDATE_GOLDEN=1 build/test/test/test_golden writes the golden files. Review the difference before
// you commit it.
// BGPLB_BIRDS="/path/bird /other/bird" selects the BIRDs; the default is the one in PATH.
#include "bird/render.hpp"

#include "core/local_daemon.hpp"
#include "io/file.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/routes.hpp"
#include "support/scoped_netns.hpp"

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <sstream>

using namespace bgplb;
using bgplb::test::ip;
using bgplb::test::net;
using bgplb::test::peer;

namespace {

const std::string kGolden = TEST_SOURCE_DIR "/golden/";

std::string shippedTemplate() {
  return io::readFile(PROJECT_SOURCE_DIR "/bird-templates/bird.conf.mustache").value();
}

std::vector<std::string> birds() {
  const char* chosen = std::getenv("BGPLB_BIRDS");
  std::istringstream words(chosen != nullptr ? chosen : "bird");
  std::vector<std::string> found{std::istream_iterator<std::string>(words), {}};
  if (found.empty()) throw std::runtime_error("BGPLB_BIRDS names no BIRD");
  return found;
}

// Runs `bird -p` on a main file, with the included files beside it.
test::Shell parse(const std::string& bird, const std::string& main, const std::string& vips4,
                  const std::string& vips6) {
  std::string folder = std::filesystem::temp_directory_path() / "bgplb-golden-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp");
  REQUIRE(io::replaceFile(folder + "/bird.conf", main, 0600).has_value());
  REQUIRE(io::replaceFile(folder + "/vips4.conf", vips4, 0600).has_value());
  REQUIRE(io::replaceFile(folder + "/vips6.conf", vips6, 0600).has_value());
  auto outcome = test::tryShell("PATH=$PATH:/usr/sbin " + bird + " -p -c " + folder + "/bird.conf");
  std::filesystem::remove_all(folder);
  return outcome;
}

void compare(const std::string& name, const std::string& rendered) {
  const auto path = kGolden + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    REQUIRE(io::replaceFile(path, rendered, 0644).has_value());
  }
  const auto golden = io::readFile(path);
  INFO(path << " (UPDATE_GOLDEN=1 build/test/test/test_golden writes it)");
  REQUIRE(golden.has_value());
  CHECK(*golden == rendered);
}

void check(const std::string& name, const core::RoutingConfig& config,
           const test::Routes& routes = {}) {
  const auto main = bird::renderMain(shippedTemplate(), config).value();
  const auto files = test::filesOf(routes, config.localAs);
  compare(name + ".conf", main);
  if (!files.vips4.empty()) compare(name + ".vips4", files.vips4);
  if (!files.vips6.empty()) compare(name + ".vips6", files.vips6);
  for (const auto& bird : birds()) {
    const auto outcome = parse(bird, main, files.vips4, files.vips6);
    INFO(bird << ": " << outcome.out);
    CHECK(outcome.status == 0);
  }
}

// Adds an IPv6 next hop, 2001:db8:8::40, so that the peer receives IPv6 routes as well.
core::Peer dualStack(core::Peer peer) {
  peer.nextHop6 = ip("2001:db8:8::40");
  if (peer.address.isV6()) peer.source = peer.nextHop6;
  return peer;
}

// The model of the README's example: one host, one router, IPv4.
core::RoutingConfig model() {
  core::RoutingConfig made;
  made.routerId = ip("192.168.8.40");
  made.localAs = 65534;
  made.listenPort = 30179;
  made.peers.push_back(peer("192.168.8.137", 64512));
  return made;
}

}  // namespace

TEST_CASE("Golden.OnePeerWithoutIpv6", "[golden]") { check("one-peer", model()); }

TEST_CASE("Golden.DualStackWithVips", "[golden]") {
  auto wanted = model();
  wanted.peers[0] = dualStack(wanted.peers[0]);
  check("dual-stack", wanted,
        {{net("10.0.0.102/32"), {}},
         {net("10.0.0.101/32"), {}},
         {net("2001:db8:0:1::101/128"), {}},
         {net("172.23.0.0/24"), {}},
         {net("2001:db8::/64"), {}}});
}

TEST_CASE("Golden.WeightedVips", "[golden]") {
  auto wanted = model();
  wanted.peers[0] = dualStack(wanted.peers[0]);
  wanted.localAs = 4200000000;
  check("weighted", wanted,
        {{net("10.0.0.101/32"), test::weighted(2, 1)},
         {net("10.0.0.102/32"), {}},
         {net("2001:db8:0:1::101/128"), test::weighted(2, 1)}});
}

TEST_CASE("Golden.AllowedPrefixes", "[golden]") {
  auto wanted = model();
  wanted.peers[0] = dualStack(wanted.peers[0]);
  wanted.allowedPrefixes = {net("10.0.0.0/24"), net("2001:db8:0:1::/64"), net("172.23.0.0/16")};
  check("allowed-prefixes", wanted,
        {{net("10.0.0.101/32"), {}}, {net("2001:db8:0:1::101/128"), {}}});
}

TEST_CASE("Golden.AllowedPrefixesOfOneFamily", "[golden]") {
  auto wanted = model();
  wanted.peers[0] = dualStack(wanted.peers[0]);
  wanted.allowedPrefixes = {net("10.0.0.0/24")};
  check("allowed-prefixes-v4", wanted);
}

TEST_CASE("Golden.PeersWithPasswords", "[golden]") {
  auto wanted = model();
  wanted.localAs = 4200000000;
  wanted.peers = {dualStack(peer("192.168.8.137", 64512, "sesame")),
                  peer("192.168.8.138", 4200000001, "open"),
                  dualStack(peer("2001:db8:8::137", 64512, "sesame6"))};
  check("peers-with-passwords", wanted);
}

TEST_CASE("Golden.HostilePassword", "[golden]") {
  auto wanted = model();
  wanted.peers[0].password = Secret("a;b}c{d'e#f \\n // /* */ {{x}} $y \xc3\xa4");
  check("hostile-password", wanted);
}

TEST_CASE("Golden.LongestPassword", "[golden]") {
  auto wanted = model();
  wanted.peers[0].password = Secret(std::string(80, '}'));
  check("longest-password", wanted);
}

TEST_CASE("Golden.Ipv6Peer", "[golden]") {
  auto wanted = model();
  wanted.peers = {dualStack(peer("2001:db8:8::137", 64512))};
  check("ipv6-peer", wanted);
}

TEST_CASE("Golden.Ipv6PeerWithoutAKnownSourceAddress", "[golden]") {
  auto wanted = model();
  wanted.peers = {peer("2001:db8:8::137", 64512)};
  check("ipv6-peer-no-address", wanted);
}

TEST_CASE("Golden.Ipv6PeerOfAHostWithoutIpv4", "[golden]") {
  auto wanted = model();
  wanted.peers = {dualStack(peer("2001:db8:8::137", 64512))};
  wanted.peers[0].nextHop4.reset();
  check("ipv6-only-host", wanted, {{net("10.0.0.101/32"), {}}, {net("2001:db8:0:1::101/128"), {}}});
}

TEST_CASE("Golden.RoutingDaemonOfThisHost", "[golden]") {
  auto wanted = model();
  wanted.peers = {peer("127.0.0.1", 64512)};
  wanted.peers[0].source = core::localSource();
  wanted.peers[0].nextHop4 = core::localNextHop(Family::V4);
  wanted.peers[0].nextHop6 = core::localNextHop(Family::V6);
  check("local-peer", wanted);
}

TEST_CASE("Golden.InternalPeer", "[golden]") {
  auto wanted = model();
  wanted.peers[0].as = wanted.localAs;
  check("internal-peer", wanted);
}

TEST_CASE("Golden.MultihopPeers", "[golden]") {
  auto wanted = model();
  wanted.peers = {dualStack(peer("10.255.0.1", 64512)), dualStack(peer("2001:db8:ff::1", 65534))};
  wanted.peers[0].hops.reset();
  wanted.peers[1].hops = 3;
  check("multihop-peers", wanted);
}

TEST_CASE("Golden.OtherTimesNoGracefulRestart", "[golden]") {
  auto wanted = model();
  wanted.holdTime = std::chrono::seconds(3);
  wanted.gracefulRestart = false;
  check("other-times", wanted);
}

TEST_CASE("Golden.NoPeer", "[golden]") {
  auto wanted = model();
  wanted.peers.clear();
  check("no-peer", wanted, {{net("10.0.0.101/32"), {}}});
}

// Proves that the check with `bird -p` can fail.
TEST_CASE("Golden.BirdRefusesAnInvalidConfiguration", "[golden]") {
  const auto main = bird::renderMain(shippedTemplate(), model()).value();
  const auto broken = io::readFile(kGolden + "must-fail/unescaped-password.conf").value();
  for (const auto& bird : birds()) {
    INFO(bird);
    CHECK(parse(bird, broken, "", "").status != 0);
    CHECK(parse(bird, main, "route 10.0.0.1/24 blackhole;\n", "").status != 0);
    CHECK(parse(bird, main, "", "route 10.0.0.1/32 blackhole;\n").status != 0);
    CHECK(parse(bird, main, "", "").status == 0);
  }
}
