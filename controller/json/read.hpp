#pragma once
// Reading JSON from outside: dockerd's calls and answers, state files, the operator's API. A
// missing key, null, {} and [] mean the same to Go's encoder and so to these readers. A value of
// the wrong type is an error that names the key.
//
// The functions live in bgplb itself, so that `json` can stay the alias of boost::json.

#include "base/result.hpp"

#include <boost/json.hpp>

#include <map>
#include <string>
#include <string_view>

namespace bgplb {

// One JSON object and nothing else but whitespace around it. Invalid for anything else: an empty
// text, another type, a second value behind the object (dockerd sends none; in a file it means
// damage).
Result<boost::json::object> parseObject(std::string_view text);

Result<std::string> textAt(const boost::json::object& object, std::string_view key);
Result<bool> flagAt(const boost::json::object& object, std::string_view key);
// Values that are not strings are left out.
Result<std::map<std::string, std::string>> textsAt(const boost::json::object& object,
                                                   std::string_view key);
// Null when the key is missing, or its value is null or of another type.
const boost::json::value* valueAt(const boost::json::object& object, std::string_view key,
                                  boost::json::kind kind);
const boost::json::object* objectAt(const boost::json::object& object, std::string_view key);
const boost::json::array* arrayAt(const boost::json::object& object, std::string_view key);

// For optional information: the value, or `fallback` if it is missing or of the wrong type.
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
