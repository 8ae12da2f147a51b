#include "state/drain_file.hpp"

#include "io/file.hpp"
#include "json/read.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace json = boost::json;

namespace bgplb::state {

namespace {

constexpr std::int64_t kVersion = 1;
// The year 2200. The clocks count nanoseconds in 64 bits, which overflow in 2262.
constexpr std::int64_t kLatest = 7'258'118'400'000;

std::int64_t toFile(core::TimePoint time, const Clocks& clocks) {
  const auto wall = clocks.wall.time_since_epoch() + (time - clocks.steady);
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall).count();
}

core::TimePoint fromFile(std::int64_t time, const Clocks& clocks) {
  const auto wall = std::chrono::system_clock::time_point(std::chrono::milliseconds(time));
  return clocks.steady + std::chrono::duration_cast<std::chrono::milliseconds>(wall - clocks.wall);
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

Clocks Clocks::now() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

std::string renderDrains(const Drains& drains, const Clocks& clocks) {
  json::array list;
  for (const auto& [id, former] : drains) {
    list.push_back(json::object{{"container", id.value},
                                {"startedAt", former.startedAt},
                                {"terminateAt", toFile(former.drain.terminateAt, clocks)},
                                {"terminate", former.drain.terminate},
                                {"terminated", former.drain.terminated}});
  }
  const json::object file{{"version", kVersion}, {"drains", std::move(list)}};
  return json::serialize(file) + "\n";
}

Result<Drains> parseDrains(std::string_view text, const Clocks& clocks) {
  const auto file = parseObject(text);
  if (!file) return file.error();
  const auto* version = valueAt(*file, "version", json::kind::int64);
  const auto* list = arrayAt(*file, "drains");
  if (version == nullptr || version->as_int64() != kVersion || list == nullptr) {
    return invalid("not a state file of version 1");
  }
  Drains drains;
  for (const auto& entry : *list) {
    if (!readDrain(entry, clocks, drains))
      return invalid("a field of a drain is missing or out of range");
  }
  return drains;
}

}  // namespace bgplb::state
