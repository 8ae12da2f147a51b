#include "init/restart_delay.hpp"

#include "support/catch.hpp"

using bgplb::init::RestartDelay;
using namespace std::chrono_literals;

TEST_CASE("RestartDelay.TheFirstRestartIsImmediate_ThenTheDelayDoubles") {
  RestartDelay delay;
  for (const auto expected : {0ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    CHECK(delay.next(1ms) == expected);
  }
}

TEST_CASE("RestartDelay.StartsAgain_AfterALongRun") {
  RestartDelay delay;
  for (int i = 0; i < 5; ++i) delay.next(4999ms);
  CHECK(delay.next(5s) == 0ms);
  CHECK(delay.next(1ms) == 50ms);
}
