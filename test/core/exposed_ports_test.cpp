#include "core/exposed_ports.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using core::parseExposedPorts;
using core::toText;
using core::without;

TEST_CASE("ExposedPorts.AreReadInDockersNotation_AndMerged") {
  CHECK(toText(parseExposedPorts({"80/tcp"})) == "80/tcp");
  CHECK(toText(parseExposedPorts({"80", "53/udp", "53/tcp", "9/sctp"})) ==
        "9/sctp, 53/tcp, 80/tcp, 53/udp");
  CHECK(toText(parseExposedPorts({"8003/tcp", "8001-8002/tcp", "8002-8010/tcp", "8001/udp"})) ==
        "8001-8010/tcp, 8001/udp");
  CHECK(toText(parseExposedPorts({"1-65535/udp"})) == "1-65535/udp");
  CHECK(parseExposedPorts({"65534/tcp", "65535/tcp", "80/tcp", "80/tcp"}) ==
        parseExposedPorts({"65534-65535/tcp", "80/tcp"}));
}

TEST_CASE("ExposedPorts.OtherTextsAreIgnored") {
  for (const char* text : {"", "/", "/tcp", "0/tcp", "65536/tcp", "80/", "80/TCP", "80/icmp", "-80",
                           "80-", "90-80/tcp", "80-90-100/tcp", "+80/tcp", " 80/tcp", "http/tcp"}) {
    CAPTURE(text);
    CHECK(parseExposedPorts({text}).empty());
  }
}

TEST_CASE("ExposedPorts.WithoutOthers") {
  const auto rest = [](const std::vector<std::string_view>& ports,
                       const std::vector<std::string_view>& others) {
    return toText(without(parseExposedPorts(ports), parseExposedPorts(others)));
  };
  CHECK(rest({"80"}, {}) == "80/tcp");
  CHECK(rest({}, {"80"}).empty());
  CHECK(rest({"80"}, {"80"}).empty());
  CHECK(rest({"80"}, {"80/udp"}) == "80/tcp");
  CHECK(rest({"80/udp"}, {"1-65535/tcp"}) == "80/udp");
  CHECK(rest({"10-20"}, {"12-13", "15", "20-30"}) == "10-11/tcp, 14/tcp, 16-19/tcp");
  CHECK(rest({"10-20", "40", "50/udp"}, {"15-45", "50/udp"}) == "10-14/tcp");
  CHECK(rest({"1-65535"}, {"65535"}) == "1-65534/tcp");
  CHECK(rest({"65535"}, {"1-65535"}).empty());
}

TEST_CASE("ExposedPorts.TheTextOfManyPortsIsShort") {
  CHECK(toText(parseExposedPorts({"1", "3", "5", "7", "9", "11", "13", "15", "17", "19"})) ==
        "1/tcp, 3/tcp, 5/tcp, 7/tcp, 9/tcp, 11/tcp, 13/tcp, 15/tcp, ...");
}
