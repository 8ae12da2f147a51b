#include "io/limits.hpp"

#include "support/catch.hpp"

#include <sys/resource.h>

using namespace bgplb;

TEST_CASE("raiseOpenFiles: the soft limit becomes the hard limit") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit low = before;
  low.rlim_cur = 64;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
  for (const auto expected : {rlim_t{64}, before.rlim_max}) {
    const auto files = io::raiseOpenFiles();
    REQUIRE(files);
    CHECK(files->before == expected);
    CHECK(files->now == before.rlim_max);
    rlimit now{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &now) == 0);
    CHECK(now.rlim_cur == before.rlim_max);
  }
  setrlimit(RLIMIT_NOFILE, &before);
}
