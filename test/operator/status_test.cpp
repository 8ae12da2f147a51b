#include "operator/status.hpp"

#include "support/catch.hpp"

using namespace bgplb;

namespace {

// Users' programs read these keys.
constexpr const char* kPage = R"({
  "version":"1.0.0","driver":"bgplb:latest",
  "bird":{"version":"2.17.5","pid":17,"recovering":false,"reconfigurations":3,"problem":""},
  "engine":{"following":true},
  "firewall":{"flavour":"nft","ipv4":true,"ipv6":false,"problem":"p","marks":true,"marksProblem":"m",
              "obstacles":"o"},
  "notes":["n"],
  "peers":[{"name":"lb_peer1","address":"192.168.8.137","as":4200000000,"state":"Established",
            "since":"2026-11-22T20:25:41+0000","lastError":"","exported":["10.0.0.101/32"]}],
  "vips":[{"vip":"10.0.0.101/32","network":"web1","networkId":"aaa","bridge":"bgplb-aaa","weight":null,
           "hostRoute":true,"exportedTo":["192.168.8.137"],"problem":"",
           "backends":[{"endpoint":"e1","state":"held-down","container":"web1","health":"healthy",
                        "containerId":"c1","failures":3,"secondsLeft":7.5,
                        "members":[{"container":"app","containerId":"a1","state":"starting",
                                    "health":"starting"}]},
                       {"endpoint":"e2","state":"not-joined","container":"","health":""}]}],
  "gateways":[{"subnet":"172.23.0.0/24","network":"gw","link":"br0","exportedTo":[],
               "problem":"p"}]})";

}  // namespace

TEST_CASE("status page: the keys that users' programs read are written and read") {
  const auto page = ops::parseStatusPage(kPage);
  REQUIRE(page);
  CHECK(boost::json::parse(ops::renderStatusPage(*page)) == boost::json::parse(kPage));
}

// test/e2e/faults.py and jq scripts wait for "recovering": false, so this must not be the default.
TEST_CASE("status page: if BIRD does not answer, only its problem is written") {
  const ops::StatusPage page{.bird = {.problem = "no answer"}};
  const auto json = boost::json::parse(ops::renderStatusPage(page));
  CHECK(json.at("bird") == boost::json::value({{"problem", "no answer"}}));
}

TEST_CASE("status page: unknown keys of another version are ignored, a wrong type is an error") {
  CHECK(ops::parseStatusPage("{}"));
  CHECK(ops::parseStatusPage(R"({"vips":[{"vip":"10.0.0.1/32","more":[{}]}],"later":1})"));
  CHECK(ops::parseStatusPage(R"({"vips":[{"vip":1}]})").error().message ==
        "vips[0].vip is not a string");
  CHECK(ops::parseStatusPage("OK").has_error());
}
