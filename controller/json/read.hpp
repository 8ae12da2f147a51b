#pragma once
// Reads external JSON: dockerd's calls and replies, state files, replies of the operator's API.
// Go's encoder may write an empty value as a missing key, null, {} or [], so these functions treat
// them the same. A value of the wrong type is an error that names the key.
//
// The functions are in namespace bgplb, so that `json` can be an alias of boost::json.

#include "base/result.hpp"

#include <boost/json.hpp>

#include <map>
#include <string>
#include <string_view>

namespace bgplb {

// Parses exactly one JSON object, with whitespace around it. Invalid for anything else: an empty
// text, another type, a second value after the object (dockerd sends none; a file with one is
// damaged).
Result<boost::json::object> parseObject(std::string_view text);

Result<std::string> textAt(const boost::json::object& object, std::string_view key);
Result<bool> flagAt(const boost::json::object& object, std::string_view key);
// Entries whose value is not a string are omitted.
Result<std::map<std::string, std::string>> textsAt(const boost::json::object& object,
                                                   std::string_view key);
// Null if the key is missing, or if its value is null or has another type.
const boost::json::value* valueAt(const boost::json::object& object, std::string_view key,
                                  boost::json::kind kind);
const boost::json::object* objectAt(const boost::json::object& object, std::string_view key);
const boost::json::array* arrayAt(const boost::json::object& object, std::string_view key);

// For optional values: the value, or `fallback` if it is missing or has the wrong type.
inline std::string textOr(const boost::json::object& object, std::string_view key,
                          std::string fallback = {}) {
  auto value = textAt(object, key);
  return value ? std::move(*value) : std::move(fallback);
}
inline bool flagOr(const boost::json::object& object, std::string_view key, bool fallback) {
  const auto value = flagAt(object, key);
  return value ? *value : fallback;
}

}  // namespace bgplb
