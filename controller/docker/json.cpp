#include "docker/json.hpp"

#include <fmt/format.h>

namespace bgplb::docker {

namespace {

constexpr std::size_t kMaxDepth = 32;

Error wrongType(std::string_view key, const char* wanted) {
  return invalid(fmt::format("{} is not {}", key, wanted));
}

}  // namespace

Result<boost::json::object> parseObject(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  boost::json::stream_parser parser({}, options);
  // What follows the first value is ignored, as Go's decoder does.
  parser.write_some(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (error) return invalid("the body is not a JSON object: " + error.message());
  auto value = parser.release();
  if (!value.is_object()) return invalid("the body is not a JSON object");
  return std::move(value.as_object());
}

Result<std::string> textAt(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return wrongType(key, "a string");
  return std::string(value->as_string());
}

Result<bool> flagAt(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return false;
  if (!value->is_bool()) return wrongType(key, "true or false");
  return value->as_bool();
}

Result<std::map<std::string, std::string>> textsAt(const boost::json::object& object,
                                                   std::string_view key) {
  std::map<std::string, std::string> texts;
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return texts;
  if (!value->is_object()) return wrongType(key, "an object");
  for (const auto& [name, entry] : value->as_object()) {
    if (entry.is_string()) texts[std::string(name)] = std::string(entry.as_string());
  }
  return texts;
}

const boost::json::object* objectAt(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

const boost::json::array* arrayAt(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

}  // namespace bgplb::docker
