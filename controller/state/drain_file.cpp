#include "state/drain_file.hpp"

#include "io/boot_clock.hpp"
#include "json/read.hpp"

#include <algorithm>

namespace json = boost::json;

namespace bgplb::state {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kVersion = 2;
constexpr std::int64_t kWallClockVersion = 1;
// 100 years after the boot. The clocks count nanoseconds in 64 bits, which overflow after 292
// years.
constexpr std::int64_t kLatest = 3'155'760'000'000;

std::int64_t toFile(core::TimePoint time, const Clocks& clocks) {
  const auto left = std::chrono::duration_cast<milliseconds>(time - clocks.steady);
  return std::max(clocks.sinceBoot + left, milliseconds::zero()).count();
}

core::TimePoint fromFile(std::int64_t time, const Clocks& clocks) {
  return clocks.steady + (milliseconds(time) - clocks.sinceBoot);
}

bool readDrain(const json::value& entry, const Clocks& clocks, Drains& drains) {
  const auto* object = entry.if_object();
  if (object == nullptr) return false;
  const auto* container = valueAt(*object, "container", json::kind::string);
  const auto* startedAt = valueAt(*object, "startedAt", json::kind::string);
  const auto* terminateAt = valueAt(*object, "terminateAt", json::kind::int64);
  const auto* terminate = valueAt(*object, "terminate", json::kind::bool_);
  const auto* terminated = valueAt(*object, "terminated", json::kind::bool_);
  if (!container || !startedAt || !terminateAt || !terminate || !terminated) return false;
  if (terminateAt->as_int64() < 0 || terminateAt->as_int64() > kLatest) return false;
  const core::Drain drain{.terminateAt = fromFile(terminateAt->as_int64(), clocks),
                          .terminate = terminate->as_bool(),
                          .terminated = terminated->as_bool()};
  drains[ContainerId(std::string(container->as_string()))] = {drain,
                                                              std::string(startedAt->as_string())};
  return true;
}

}  // namespace

Clocks Clocks::now() { return {std::chrono::steady_clock::now(), io::sinceBoot(), io::bootId()}; }

std::string renderDrains(const Drains& drains, const Clocks& clocks) {
  json::array list;
  for (const auto& [id, former] : drains) {
    list.push_back(json::object{{"container", id.value},
                                {"startedAt", former.startedAt},
                                {"terminateAt", toFile(former.drain.terminateAt, clocks)},
                                {"terminate", former.drain.terminate},
                                {"terminated", former.drain.terminated}});
  }
  const json::object file{
      {"version", kVersion}, {"boot", clocks.boot}, {"drains", std::move(list)}};
  return json::serialize(file) + "\n";
}

Result<Drains> parseDrains(std::string_view text, const Clocks& clocks) {
  const auto file = parseObject(text);
  if (!file) return file.error();
  const auto* version = valueAt(*file, "version", json::kind::int64);
  const auto* list = arrayAt(*file, "drains");
  if (version != nullptr && version->as_int64() == kWallClockVersion) return Drains{};
  const auto* boot = valueAt(*file, "boot", json::kind::string);
  if (!version || version->as_int64() != kVersion || !boot || !list) {
    return invalid("not a state file of version 2");
  }
  if (std::string_view(boot->as_string()) != clocks.boot) return Drains{};
  Drains drains;
  for (const auto& entry : *list) {
    if (!readDrain(entry, clocks, drains))
      return invalid("a field of a drain is missing or out of range");
  }
  return drains;
}

}  // namespace bgplb::state
