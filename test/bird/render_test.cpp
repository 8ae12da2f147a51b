#include "bird/render.hpp"

#include "io/file.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

using namespace bgplb;
using namespace bgplb::bird;
using bgplb::test::filesOf;
using bgplb::test::ip;
using bgplb::test::net;
using bgplb::test::peer;

namespace {

std::string shippedTemplate() {
  return io::readFile(PROJECT_SOURCE_DIR "/bird-templates/bird.conf.mustache").value();
}

core::RoutingConfig model() {
  core::RoutingConfig made;
  made.routerId = ip("192.168.8.40");
  made.localAs = 65534;
  made.listenPort = 1790;
  made.peers.push_back(peer("192.168.8.137", 64512));
  return made;
}

std::string why(const Result<std::string>& rendered) {
  REQUIRE_FALSE(rendered.has_value());
  CHECK(rendered.error().kind == ErrorKind::Invalid);
  return rendered.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Render.UnknownVariableIsAnError", "[bird]") {
  CHECK(contains(why(renderMain("router id {{rooterId}};", model())), "rooterId"));
  CHECK(contains(why(renderMain("{{#peer}}{{/peer}}", model())), "peer"));
  CHECK(contains(why(renderMain("{{^nothing}}x{{/nothing}}", model())), "nothing"));
  CHECK(contains(why(renderMain("{{> other}}", model())), "other"));
  // The variable is known but has no value for this peer. Outside of its section it would render as
  // empty.
  CHECK(contains(why(renderMain("{{#peers}}{{password}}{{/peers}}", model())), "password"));
  CHECK(contains(why(renderMain("{{#peers}}{{nextHop6}}{{/peers}}", model())), "nextHop6"));
  CHECK(contains(why(renderMain("{{address}}", model())), "address"));
}

TEST_CASE("Render.BrokenTemplateIsAnError", "[bird]") {
  CHECK(contains(why(renderMain("{{#peers}}", model())), "template"));
  CHECK(contains(why(renderMain("{{routerId", model())), "template"));
}

TEST_CASE("Render.TextIsNotHtml", "[bird]") {
  auto wanted = model();
  wanted.peers[0].password = Secret("<&'>/{{routerId}}");
  CHECK(renderMain("{{#peers}}{{password}}{{/peers}}", wanted).value() == "<&'>/{{routerId}}");
}

TEST_CASE("Render.EveryProblemAtOnce", "[bird]") {
  auto wanted = model();
  wanted.routerId = ip("::1");
  wanted.localAs = 0;
  wanted.listenPort = 0;
  wanted.holdTime = std::chrono::seconds(2);
  wanted.gracefulRestartTime = std::chrono::seconds(4096);
  wanted.peers[0].as = 0;
  wanted.peers[0].address = ip("224.0.0.1");
  wanted.peers[0].nextHop6 = ip("fe80::1");
  const auto message = why(renderMain(shippedTemplate(), wanted));
  for (const auto* part :
       {"router id ::1", "local AS: AS 0 is reserved", "port 0", "hold time 2 s", "4096",
        "224.0.0.1: no session", "224.0.0.1: AS 0", "fe80::1 is not an IPv6"}) {
    CHECK(contains(message, part));
  }
}

TEST_CASE("Render.ARefusedPasswordIsNotShown", "[bird]") {
  auto wanted = model();
  wanted.peers[0].password = Secret("sesame\"");
  const auto message = why(renderMain(shippedTemplate(), wanted));
  CHECK(contains(message, "double quote"));
  CHECK_FALSE(contains(message, "sesame"));
}

TEST_CASE("Render.RoutesAreSorted_OnePerLine", "[bird]") {
  const auto files = filesOf({{net("10.0.0.102/32"), {}},
                              {net("2001:db8::/64"), {}},
                              {net("10.0.0.9/32"), {}},
                              {net("172.23.0.0/24"), {}},
                              {net("2001:db8:0:1::101/128"), {}}},
                             65534);
  CHECK(files.vips4 ==
        "route 10.0.0.9/32 blackhole;\n"
        "route 10.0.0.102/32 blackhole;\n"
        "route 172.23.0.0/24 blackhole;\n");
  CHECK(files.vips6 ==
        "route 2001:db8::/64 blackhole;\n"
        "route 2001:db8:0:1::101/128 blackhole;\n");
  CHECK(filesOf({}, 65534).vips4.empty());
  CHECK(filesOf({}, 65534).vips6.empty());
}

// 0x3f800000 is 1 (IEEE 754), 0x40400000 is 3.
TEST_CASE("Render.BandwidthIsAnAttributeOfItsRouteAlone", "[bird]") {
  const auto files = filesOf({{net("10.0.0.9/32"), test::weighted(1, 1)},
                              {net("10.0.0.10/32"), {}},
                              {net("10.0.0.11/32"), test::weighted(1000, 1'000'000)},
                              {net("2001:db8:0:1::101/128"), test::weighted(3, 1)}},
                             65534);
  CHECK(
      files.vips4 ==
      "route 10.0.0.9/32 blackhole { bgp_ext_community.add((generic, 0x0004fffe, 0x3f800000)); };\n"
      "route 10.0.0.10/32 blackhole;\n"
      "route 10.0.0.11/32 blackhole { bgp_ext_community.add((generic, 0x0004fffe, 0x4e6e6b28)); "
      "};\n");
  CHECK(files.vips6 ==
        "route 2001:db8:0:1::101/128 blackhole { bgp_ext_community.add((generic, 0x0004fffe, "
        "0x40400000)); };\n");
}

TEST_CASE("Render.AnAsNumberOfFourOctetsIsAsTransInTheCommunity", "[bird]") {
  const test::Routes routes{{net("10.0.0.9/32"), test::weighted(1, 1)}};
  for (const auto& [as, octets] :
       {std::pair(1U, "0x00040001"), std::pair(65535U, "0x0004ffff"),
        std::pair(65536U, "0x00045ba0"), std::pair(4200000000U, "0x00045ba0")}) {
    CAPTURE(as);
    CHECK(contains(filesOf(routes, as).vips4, octets));
  }
}

// The files depend only on the current announcements, not on the order of the changes.
TEST_CASE("Announcements.FilesHaveTheCurrentAnnouncements", "[bird]") {
  const auto vip = net("10.0.0.9/32");
  const auto other = net("10.0.0.10/32");
  Announcements announcements;
  announcements.setLocalAs(65534);
  CHECK(announcements.set(vip, test::weighted(1, 1)));
  CHECK_FALSE(announcements.set(vip, test::weighted(1, 1)));
  CHECK(announcements.set(other, {}));
  CHECK(announcements.set(vip, test::weighted(2, 1)));
  CHECK(announcements.files().vips4 ==
        filesOf({{vip, test::weighted(2, 1)}, {other, {}}}, 65534).vips4);
  announcements.setLocalAs(1);
  CHECK(announcements.files().vips4 ==
        filesOf({{vip, test::weighted(2, 1)}, {other, {}}}, 1).vips4);
  CHECK(announcements.erase(vip));
  CHECK_FALSE(announcements.erase(vip));
  CHECK(announcements.set(other, test::weighted(1, 1)));
  CHECK(announcements.set(other, {}));
  CHECK(announcements.files().vips4 == "route 10.0.0.10/32 blackhole;\n");
}

// Few changes are patched into the files, many cause a complete rendering. Both give equal files.
TEST_CASE("Announcements.FilesAreTheSame_PatchedOrRendered", "[bird]") {
  std::mt19937 random(4);
  const auto below = [&random](unsigned limit) { return static_cast<unsigned>(random()) % limit; };
  const auto somePrefix = [&below] {
    const auto text = below(3) > 0
                          ? fmt::format("10.{}.0.{}/32", below(3) * 100, below(40))
                          : fmt::format("2001:db8::{:x}/{}", below(40) << 4, 124 + below(2) * 4);
    return net(text.c_str());
  };
  Announcements announcements(65534);
  test::Routes routes;
  for (int round = 0; round < 300; ++round) {
    const unsigned changes = round % 30 == 0 ? 200 : below(4);
    for (unsigned i = 0; i < changes; ++i) {
      const auto prefix = somePrefix();
      if (below(3) == 0) {
        CHECK(announcements.erase(prefix) == (routes.erase(prefix) > 0));
      } else {
        const auto attributes =
            below(2) == 0 ? core::RouteAttributes{} : test::weighted(below(3) + 1, 1);
        const auto [known, isNew] = routes.try_emplace(prefix, attributes);
        CHECK(announcements.set(prefix, attributes) == (isNew || known->second != attributes));
        known->second = attributes;
      }
    }
    const auto files = filesOf(routes, 65534);
    REQUIRE(announcements.files().vips4 == files.vips4);
    REQUIRE(announcements.files().vips6 == files.vips6);
  }
  CHECK(announcements.size() == routes.size());
  announcements.clear();
  CHECK(announcements.files().vips4 + announcements.files().vips6 == "");
}

TEST_CASE("Render.RoutesAreReadBack", "[bird]") {
  const test::Routes routes = {{net("10.0.0.102/32"), {}},
                               {net("172.23.0.0/24"), test::weighted(7, 2)},
                               {net("10.0.0.9/32"), test::weighted(1, 1)}};
  CHECK(parseRoutes(filesOf(routes, 65534).vips4) ==
        std::set<Prefix>{net("10.0.0.9/32"), net("10.0.0.102/32"), net("172.23.0.0/24")});
  CHECK(parseRoutes("").empty());
  CHECK(parseRoutes("# by hand\nroute 10.0.0.9/32 blackhole;\nroute 10.0.0.1 blackhole;\n"
                    "route 10.0.0.2/32 unreachable;\n\nroute 10.0.0.3/32 blackhole;") ==
        std::set<Prefix>{net("10.0.0.9/32")});
  CHECK(parseRoutes("route blackhole;\n")
            .empty());  // one space cannot end "route " and begin " blackhole"
  CHECK(parseRoutes("route 10.0.0.9/32 blackhole { bgp_med = 7;\n").empty());
}
