#include "core/network_options.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using core::NetworkOptions;
using core::parseOptions;

namespace {

std::string why(const core::OptionTexts& texts) {
  const auto refused = parseOptions(texts);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::Invalid);
  return refused.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("NetworkOptions.DefaultsApplyWithoutOptions") {
  CHECK(parseOptions({}).value() == NetworkOptions{});
  CHECK(NetworkOptions{}.mtu == 1500);
  // This plugin ignores Docker's own options.
  CHECK(parseOptions({{"com.docker.network.enable_ipv6", "true"}}).value() == NetworkOptions{});
}

TEST_CASE("NetworkOptions.MtuIsANumberOfBytes_OrAnError") {
  CHECK(parseOptions({{"com.docker.network.driver.mtu", "68"}}).value().mtu == 68);
  CHECK(parseOptions({{"com.docker.network.driver.mtu", "65535"}}).value().mtu == 65535);
  for (const char* bad : {"", "67", "65536", "-1500", "1500x", "9k"}) {
    CAPTURE(bad);
    CHECK(contains(why({{"com.docker.network.driver.mtu", bad}}), "68 to 65535"));
  }
}

// RFC 8200 section 5. Below 1280 bytes, the kernel removes IPv6 from the link.
TEST_CASE("NetworkOptions.AnIpv6VipNeedsAnMtuOf1280") {
  const NetworkOptions small{.mtu = 1279};
  CHECK(core::checkMtu(small, false).has_value());
  CHECK(core::checkMtu({.mtu = 1280}, true).has_value());
  const auto refused = core::checkMtu(small, true);
  REQUIRE(refused.has_error());
  CHECK(refused.error() == invalid("-o com.docker.network.driver.mtu=1279: a network with an IPv6 "
                                   "VIP needs at least 1280 bytes"));
  CHECK(core::linkMtu(small, false) == 1279);
  CHECK(core::linkMtu(small, true) == 1280);
  CHECK(core::linkMtu({.mtu = 9000}, true) == 9000);
}

TEST_CASE("NetworkOptions.WeightIsAWholeNumber_OrAnError") {
  CHECK(parseOptions({{"bgplb.weight", "1"}}).value().weight == 1U);
  CHECK(parseOptions({{"bgplb.weight", "1000000"}}).value().weight == 1'000'000U);
  for (const char* bad : {"", "0", "-1", "+1", "1.5", " 1", "1 ", "0x1", "1000001",
                          "99999999999999999999", "one", "1;"}) {
    CAPTURE(bad);
    CHECK(contains(why({{"bgplb.weight", bad}}), "1 to 1000000"));
  }
}

TEST_CASE("NetworkOptions.MssIsANumberOfBytes_OrAnError") {
  CHECK_FALSE(parseOptions({}).value().mss);
  CHECK(parseOptions({{"bgplb.mss", "536"}}).value().mss == 536U);
  CHECK(parseOptions({{"bgplb.mss", "65495"}}).value().mss == 65495U);
  for (const char* bad : {"", "0", "535", "65496", "-1220", "1220 ", "auto"}) {
    CAPTURE(bad);
    CHECK(contains(why({{"bgplb.mss", bad}}), "536 to 65495"));
  }
}

TEST_CASE("NetworkOptions.TheErrorForAnUnknownOptionSuggestsAKnownOne") {
  CHECK(contains(why({{"bgplb.wieght", "1"}}), "did you mean bgplb.weight?"));
  CHECK(contains(why({{"com.dokcer.network.driver.mtu", "1"}}),
                 "did you mean com.docker.network.driver.mtu?"));
  CHECK(why({{std::string(10'000, 'x'), "1"}}).size() < 300);
}

TEST_CASE("NetworkOptions.OneErrorListsAllProblems") {
  const auto message =
      why({{"bgplb.weight", "0"}, {"com.docker.network.driver.mtu", "1"}, {"x", ""}});
  for (const char* part : {"bgplb.weight=0", "mtu=1", "-o x is unknown"})
    CHECK(contains(message, part));
}

TEST_CASE("NetworkOptions.InvalidOptionsOfAnExistingNetworkHaveTheirDefaults") {
  const auto options = core::readableOptions({{"bgplb.weight", "many"},
                                              {"bgplb.colour", "red"},
                                              {"com.docker.network.driver.mtu", "9000"}});
  CHECK(options == NetworkOptions{.mtu = 9000});
}

TEST_CASE("NetworkOptions.BandwidthIsTheWeightOfEachReadyBackend") {
  CHECK(core::announcedAttributes({}, 3) == core::RouteAttributes{});
  CHECK(core::announcedAttributes({.weight = 5}, 3).bandwidth == core::linkBandwidth(3, 5));
}
