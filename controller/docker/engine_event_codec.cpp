// The events and signals of engine_codec.hpp.
#include "core/signals.hpp"
#include "docker/engine_codec.hpp"
#include "json/read.hpp"

#include <charconv>
#include <csignal>
#include <cstring>
#include <tuple>

namespace bgplb::docker {

std::string EngineEvent::attribute(const std::string& name) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? "" : found->second;
}

Result<EngineEvent> parseEvent(std::string_view line) {
  const auto object = parseObject(line);
  if (!object) return object.error();
  EngineEvent event;
  const auto type = textAt(*object, "Type");
  const auto action = textAt(*object, "Action");
  const auto* actor = objectAt(*object, "Actor");
  if (!type || !action || actor == nullptr) return invalid("no Type, Action or Actor");
  event.type = *type;
  event.action = *action;
  event.id = textOr(*actor, "ID");
  if (auto attributes = textsAt(*actor, "Attributes")) event.attributes = std::move(*attributes);
  const auto* time = object->if_contains("timeNano");
  if (time != nullptr && time->is_int64()) event.timeNano = time->as_int64();
  return event;
}

int parseSignal(std::string_view text) {
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc{} && end == text.data() + text.size()) {
    return number > 0 && number <= core::kDockerRtMax ? number : 0;
  }
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (const auto& [base, value, sign] :
       {std::tuple{"RTMIN", core::kDockerRtMin, 1}, std::tuple{"RTMAX", core::kDockerRtMax, -1}}) {
    if (!text.starts_with(base)) continue;
    const std::string_view rest = text.substr(std::strlen(base));
    if (rest.empty()) return value;
    unsigned offset = 0;
    const char* last = rest.data() + rest.size();
    const auto [stop, problem] = std::from_chars(rest.data() + 1, last, offset);
    const bool good = problem == std::errc{} && stop == last && rest[0] == (sign > 0 ? '+' : '-') &&
                      offset <= core::kDockerRtMax - core::kDockerRtMin;
    return good ? value + sign * static_cast<int>(offset) : 0;
  }
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* name = sigabbrev_np(signal);
    if (name != nullptr && text == name) return signal;
  }
  return 0;
}

}  // namespace bgplb::docker
