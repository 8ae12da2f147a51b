#include "base/hash.hpp"

#include "support/catch.hpp"

using bgplb::fnv1a;

// The test vectors of the algorithm's authors.
TEST_CASE("Fnv1a.IsTheSameInEveryBuild") {
  CHECK(fnv1a("") == 0xcbf29ce484222325ULL);
  CHECK(fnv1a("a") == 0xaf63dc4c8601ec8cULL);
  CHECK(fnv1a("foobar") == 0x85944171f73967e8ULL);
}
