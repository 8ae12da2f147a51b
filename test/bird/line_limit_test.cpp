#include "bird/line_limit.hpp"
#include "support/catch.hpp"

#include <string>

using namespace std::chrono_literals;
using bgplb::bird::LineLimit;

namespace {

const LineLimit::Clock::time_point kStart{1h};

}  // namespace

TEST_CASE("LineLimit.ARepeatedLineIsAdmittedOnceAMinute") {
  LineLimit limit;
  CHECK(limit.admits("a", kStart));
  CHECK(limit.admits("b", kStart));
  CHECK(!limit.admits("a", kStart + 59s));
  CHECK(limit.admits("a", kStart + 2min));
  CHECK(limit.takeOmitted(kStart + 3min) == 0);
}

TEST_CASE("LineLimit.ConnectionsFromOneAddressAreOneLine_WhateverTheirPort") {
  LineLimit limit;
  const auto line = [](const std::string& address, int port) {
    return "BGP: Unexpected connect from unknown address " + address + " (port " +
           std::to_string(port) + ")";
  };
  CHECK(limit.admits(line("192.0.2.1", 40000), kStart));
  CHECK(!limit.admits(line("192.0.2.1", 9), kStart));
  CHECK(limit.admits(line("192.0.2.2", 40000), kStart));
}

TEST_CASE("LineLimit.AtMostTwentyLinesASecond") {
  LineLimit limit;
  unsigned admitted = 0;
  for (int n = 0; n < 50; ++n) admitted += limit.admits(std::to_string(n), kStart) ? 1 : 0;
  CHECK(admitted == 20);
  CHECK(limit.takeOmitted(kStart) == 0);
  CHECK(limit.takeOmitted(kStart + 1s) == 30);
  CHECK(limit.takeOmitted(kStart + 1s) == 0);
  CHECK(limit.admits("next", kStart + 1s));
}
