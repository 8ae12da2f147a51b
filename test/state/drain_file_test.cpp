#include "state/drain_file.hpp"

#include "io/file.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <filesystem>
#include <optional>

#include <unistd.h>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

state::Drains oneDrain(const state::Clocks& clocks) {
  return {
      {kCtr1, {{.terminateAt = clocks.steady + 3s, .terminate = true}, "2026-11-22T20:00:00Z"}}};
}

}  // namespace

TEST_CASE("DrainFile.KeepsTheTimeLeft_WhenTheSteadyClockDiffers") {
  const auto before = state::Clocks::now();
  const std::string text = state::renderDrains(oneDrain(before), before);
  const state::Clocks next{core::TimePoint{} + 10s, before.sinceBoot + 1s, before.boot};
  const auto drains = state::parseDrains(text, next);
  REQUIRE(drains);
  const auto left = drains->at(kCtr1).drain.terminateAt - next.steady;
  CHECK(std::chrono::abs(left - 2s) < 2ms);
  CHECK(drains->at(kCtr1).startedAt == "2026-11-22T20:00:00Z");
}

// Otherwise the final signal would be sent at once, or hours late, after a change of the clock.
TEST_CASE("DrainFile.HasNoWallClockTimes") {
  const auto clocks = state::Clocks::now();
  const std::string text = state::renderDrains(oneDrain(clocks), clocks);
  const auto at = text.find("\"terminateAt\":");
  REQUIRE(at != std::string::npos);
  const auto inFile = std::chrono::milliseconds(std::stoll(text.substr(at + 14)));
  CHECK(std::chrono::abs(inFile - (clocks.sinceBoot + 3s)) < 2ms);
  // A file of the former version, with times since 1970.
  CHECK(state::parseDrains(R"({"version":1,"drains":[]})", clocks)->empty());
}

TEST_CASE("DrainFile.DrainsEndWithAReboot") {
  const auto before = state::Clocks::now();
  const std::string text = state::renderDrains(oneDrain(before), before);
  const state::Clocks rebooted{core::TimePoint{} + 10s, 10s, "another boot"};
  const auto drains = state::parseDrains(text, rebooted);
  REQUIRE(drains);
  CHECK(drains->empty());
}

TEST_CASE("DrainFile.RejectsDamagedFiles") {
  const auto clocks = state::Clocks::now();
  const std::string good = state::renderDrains(oneDrain(clocks), clocks);
  for (std::size_t length = 0; length + 2 < good.size(); ++length) {
    CHECK_FALSE(state::parseDrains(good.substr(0, length), clocks));
  }
  const std::string head = R"({"version":2,"boot":")" + clocks.boot + R"(","drains":)";
  CHECK(state::parseDrains(head + "[]}", clocks));
  CHECK_FALSE(state::parseDrains(head + "[{}]}", clocks));
  CHECK_FALSE(state::parseDrains(R"({"version":2,"drains":[]})", clocks));
  CHECK_FALSE(state::parseDrains(R"({"version":3,"boot":"","drains":[]})", clocks));
  // Times that the clocks cannot represent.
  for (const char* time : {"-1", "17953184299100", "9223372036854775807", "-9223372036854775808"}) {
    CAPTURE(time);
    CHECK_FALSE(state::parseDrains(head + R"([{"container":"c1","startedAt":"","terminateAt":)" +
                                       time + R"(,"terminate":true,"terminated":false}]})",
                                   clocks));
  }
}

TEST_CASE("DrainFile.ADamagedFileIsRenamed") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("bgplb-state-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "drains.json").string();
  boost::asio::io_context io;
  state::DrainFile file(io.get_executor(), path);
  CHECK(file.load()->empty());
  REQUIRE(io::replaceFile(path, "{\"version\":1,", 0600));
  CHECK_FALSE(file.load());
  CHECK(*io::readFile(path + ".corrupt") == "{\"version\":1,");
  CHECK(file.load()->empty());
  std::optional<Result<void>> saved;
  file.saveDrains(oneDrain(state::Clocks::now()), [&](const Result<void>& done) { saved = done; });
  REQUIRE(runUntil(io, [&] { return saved.has_value(); }));
  REQUIRE(*saved);
  CHECK(file.load()->size() == 1);
  std::filesystem::remove_all(folder);
}
