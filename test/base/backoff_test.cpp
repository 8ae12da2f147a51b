#include "base/backoff.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
using bgplb::Backoff;

TEST_CASE("Backoff: each delay is twice the previous one, up to the longest") {
  Backoff backoff(250ms, 1500ms);
  CHECK(backoff.next() == 250ms);
  CHECK(backoff.next() == 500ms);
  CHECK(backoff.next() == 1000ms);
  CHECK(backoff.next() == 1500ms);
  CHECK(backoff.next() == 1500ms);
}

TEST_CASE("Backoff: reset() starts again with the first delay") {
  Backoff backoff(250ms, 30s);
  CHECK_FALSE(backoff.failed());
  backoff.next();
  backoff.next();
  CHECK(backoff.failed());
  backoff.reset();
  CHECK_FALSE(backoff.failed());
  CHECK(backoff.next() == 250ms);
}
