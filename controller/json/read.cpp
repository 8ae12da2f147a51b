#include "json/read.hpp"

#include <fmt/format.h>

namespace bgplb {

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
  // Allocate the whole tree from one arena: a large body has 100,000 small objects.
  const auto arena = boost::json::make_shared_resource<boost::json::monotonic_resource>();
  auto value = boost::json::parse(text, error, arena, options);
  if (error) return invalid("not a JSON object: " + error.message());
  auto* object = value.if_object();
  if (object == nullptr) return invalid("not a JSON object");
  return std::move(*object);
}

Result<std::string> textAt(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return std::string();
  const auto* text = value->if_string();
  if (text == nullptr) return wrongType(key, "a string");
  return std::string(*text);
}

Result<bool> flagAt(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return false;
  const auto* flag = value->if_bool();
  if (flag == nullptr) return wrongType(key, "true or false");
  return *flag;
}

Result<std::map<std::string, std::string>> textsAt(const boost::json::object& object,
                                                   std::string_view key) {
  std::map<std::string, std::string> texts;
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return texts;
  const auto* entries = value->if_object();
  if (entries == nullptr) return wrongType(key, "an object");
  for (const auto& [name, entry] : *entries) {
    if (const auto* text = entry.if_string()) texts[std::string(name)] = std::string(*text);
  }
  return texts;
}

const boost::json::value* valueAt(const boost::json::object& object, std::string_view key,
                                  boost::json::kind kind) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->kind() == kind ? value : nullptr;
}

const boost::json::object* objectAt(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

const boost::json::array* arrayAt(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

}  // namespace bgplb
