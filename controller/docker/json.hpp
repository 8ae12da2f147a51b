#pragma once
// Reading Docker's JSON: null, missing, {} and [] are the same to Go's encoder and so to us; a value
// of the wrong type is an error that names the key.

#include "base/result.hpp"

#include <boost/json.hpp>

#include <map>
#include <string>
#include <string_view>

namespace bgplb::docker {

// One JSON object; Invalid if it is anything else or empty.
Result<boost::json::object> parseObject(std::string_view text);

Result<std::string> textAt(const boost::json::object& object, std::string_view key);
Result<bool> flagAt(const boost::json::object& object, std::string_view key);
// Values that are not strings are left out.
Result<std::map<std::string, std::string>> textsAt(const boost::json::object& object,
                                                   std::string_view key);
// Null when it is missing, null, or not an object / array.
const boost::json::object* objectAt(const boost::json::object& object, std::string_view key);
const boost::json::array* arrayAt(const boost::json::object& object, std::string_view key);

// For what is nice to have: the value, or `otherwise` if it is missing or of the wrong type.
inline std::string textOr(const boost::json::object& object, std::string_view key,
                          std::string otherwise = {}) {
  auto value = textAt(object, key);
  return value ? std::move(*value) : std::move(otherwise);
}
inline bool flagOr(const boost::json::object& object, std::string_view key, bool otherwise) {
  const auto value = flagAt(object, key);
  return value ? *value : otherwise;
}

}  // namespace bgplb::docker
