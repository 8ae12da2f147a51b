#include "netlink/refresh_pacer.hpp"

#include "support/catch.hpp"

using bgplb::netlink::RefreshPacer;
using namespace std::chrono_literals;

namespace {

const auto kStart = RefreshPacer::Clock::time_point{} + 1h;

}  // namespace

TEST_CASE("RefreshPacer.AllowsTheFirstDumpImmediately") {
  CHECK(RefreshPacer{}.notBefore() <= kStart);
}

TEST_CASE("RefreshPacer.LimitsDumpsToATenthOfTheTime") {
  RefreshPacer pacer;
  pacer.finished(kStart, kStart + 100ms, true);
  CHECK(pacer.notBefore() == kStart + 1000ms);
}

TEST_CASE("RefreshPacer.PausesBetweenShortDumps") {
  RefreshPacer pacer;
  pacer.finished(kStart, kStart + 1ms, true);
  CHECK(pacer.notBefore() == kStart + 251ms);
}

TEST_CASE("RefreshPacer.DoublesThePauseAfterEachFailure") {
  RefreshPacer pacer;
  const auto pause = [&pacer](bool succeeded) {
    pacer.finished(kStart, kStart, succeeded);
    return pacer.notBefore() - kStart;
  };
  CHECK(pause(false) == 250ms);
  CHECK(pause(false) == 500ms);
  CHECK(pause(false) == 1s);
  for (int i = 0; i < 10; ++i) pause(false);
  CHECK(pause(false) == 5s);
  CHECK(pause(true) == 250ms);
  CHECK(pause(false) == 250ms);
}
