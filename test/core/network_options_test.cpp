#include "core/network_options.hpp"

#include "support/catch.hpp"

using namespace bgplb;

TEST_CASE("NetworkOptions.WeightIsAWholeNumber_OrASentence") {
  CHECK(core::weightOf({}).value() == std::nullopt);
  CHECK(core::weightOf({{"bgplb.weight", "1"}}).value() == 1U);
  CHECK(core::weightOf({{"bgplb.weight", "1000000"}}).value() == 1'000'000U);
  for (const char* bad : {"", "0", "-1", "+1", "1.5", " 1", "1 ", "0x1", "1000001",
                          "99999999999999999999", "one", "1;"}) {
    CAPTURE(bad);
    const auto refused = core::weightOf({{"bgplb.weight", bad}});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::Invalid);
    CHECK(refused.error().message.find("1 to 1000000") != std::string::npos);
  }
}
