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

TEST_CASE("RestartDelay.AFailedStartIsRepeatedWithBackoff_Each30sAtMost") {
  RestartDelay delay;
  for (const auto expected :
       {250ms, 500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16000ms, 30000ms, 30000ms}) {
    CHECK(delay.afterFailedStart() == expected);
  }
  CHECK(delay.next(1h) == 0ms);  // a controller that ran for an hour
  CHECK(delay.afterFailedStart() == 250ms);
}
