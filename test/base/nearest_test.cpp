#include "base/nearest.hpp"

#include "support/catch.hpp"

#include <array>
#include <string>

using bgplb::nearest;

TEST_CASE("nearest: returns the candidate with the fewest changed characters") {
  constexpr std::array<std::string_view, 3> kNames{"mtu", "bgplb.weight", "bgplb.med"};
  CHECK(nearest("bgplb.wieght", kNames) == "bgplb.weight");
  CHECK(nearest("bgplb.mde", kNames) == "bgplb.med");
  CHECK(nearest("MTU", kNames) == "mtu");
  CHECK(nearest("bgplb.weight", kNames) == "bgplb.weight");
  CHECK(nearest("", kNames) == "mtu");
  CHECK(nearest(std::string(100'000, 'x'), kNames).empty() == false);
  CHECK(nearest("mtu", {}).empty());
}
