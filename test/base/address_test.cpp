#include "base/address.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

TEST_CASE("Address.ParsesAndRendersCanonically") {
  CHECK(ip("2001:0db8:0000:0001::101").toString() == "2001:db8:0:1::101");
  CHECK(ip("192.168.8.40").toString() == "192.168.8.40");
  for (const char* bad :
       {"", "1.2.3", "1.2.3.4.5", "::g", "fe80::1%eth0", "1.2.3.4 ", "01.2.3.4x"}) {
    CAPTURE(bad);
    CHECK_FALSE(Address::parse(bad));
  }
  CHECK_FALSE(Address::parse(std::string_view("1.2.3.4\0x", 9)));
}

TEST_CASE("Prefix.IsCanonical") {
  CHECK(net("2001:db8::0/64").toString() == "2001:db8::/64");
  CHECK(net("10.0.0.7/24").toString() == "10.0.0.0/24");
  CHECK(net("10.0.0.7/32").isHost());
  CHECK(net("172.23.0.0/24").contains(ip("172.23.0.255")));
  CHECK_FALSE(net("172.23.0.0/24").contains(ip("172.23.1.0")));
  CHECK_FALSE(net("0.0.0.0/0").contains(ip("::1")));
  for (const char* bad : {"10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/3x", "::/129", "/32"}) {
    CAPTURE(bad);
    CHECK_FALSE(Prefix::parse(bad));
  }
}

TEST_CASE("Address.ReservedRangesAreNotUsableUnicast") {
  for (const char* text : {"1.0.0.1", "10.0.0.101", "192.0.1.1", "192.0.2.1", "223.255.255.254",
                           "2001:db8::1", "fd00::1", "200::1"}) {
    CAPTURE(text);
    CHECK(ip(text).isUsableUnicast());
  }
  for (const char* text :
       {"0.1.2.3", "127.0.0.1", "169.254.77.1", "192.0.0.8", "192.0.0.170", "224.0.0.5",
        "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.101", "::10.0.0.101",
        "64:ff9b::a00:65", "100::1", "fe80::1", "ff02::1"}) {
    CAPTURE(text);
    CHECK_FALSE(ip(text).isUsableUnicast());
  }
}

TEST_CASE("MacAddress.Parses") {
  CHECK(mac("02:42:AC:17:00:19").toString() == "02:42:ac:17:00:19");
  for (const char* bad : {"", "02:42:ac:17:00", "02-42-ac-17-00-19", "02:42:ac:17:00:1g",
                          "02:42:ac:17:00:-1", "02:42:ac:17:00:+1", "02:42:ac:17:00: 1"}) {
    CHECK_FALSE(MacAddress::parse(bad));
  }
}
