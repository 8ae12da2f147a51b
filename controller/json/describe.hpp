#pragma once
// Converts structs described with Boost.Describe to JSON and back. Writer and reader share one
// definition, so their keys cannot differ. A key is the member's name. Used for the status page
// (operator/).
//
//   struct Peer { std::string address; std::uint32_t as = 0; };
//   BOOST_DESCRIBE_STRUCT(Peer, (), (address, as))
//
// Supported members: bool, integers, double, std::string, std::optional (key omitted if empty),
// Nullable (null if empty), std::vector and described structs.

#include "json/read.hpp"

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bgplb {

// A value whose key is always written, so that programs may read the key without checking that it
// exists.
template <typename T>
struct Nullable {
  std::optional<T> value;
  friend bool operator==(const Nullable&, const Nullable&) = default;
};

namespace describe {

template <typename T>
concept Described = boost::describe::has_describe_members<T>::value;

template <typename T>
inline constexpr bool isOptional = false;
template <typename T>
inline constexpr bool isOptional<std::optional<T>> = true;

// Calls use(key, pointer to member) for each member.
template <Described T, typename Use>
void eachMember(Use use) {
  using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
  boost::mp11::mp_for_each<Members>([&](auto member) { use(member.name, member.pointer); });
}

// Writes text directly: a tree of JSON values would need several times the memory of a large page.
inline void write(std::string& out, bool flag) { out += flag ? "true" : "false"; }
void write(std::string& out, std::string_view text);
template <std::integral Number>
void write(std::string& out, Number number) {
  out += std::to_string(number);
}
void write(std::string& out, double number);
inline void write(std::string& out, const std::string& text) { write(out, std::string_view(text)); }
template <typename T>
void write(std::string& out, const std::vector<T>& list);
template <Described T>
void write(std::string& out, const T& object);

template <typename T>
void write(std::string& out, const Nullable<T>& nullable) {
  if (nullable.value) {
    write(out, *nullable.value);
  } else {
    out += "null";
  }
}

template <typename T>
void write(std::string& out, const std::vector<T>& list) {
  out += '[';
  const char* separator = "";
  for (const auto& entry : list) {
    out += std::exchange(separator, ",");
    write(out, entry);
  }
  out += ']';
}

template <Described T>
void write(std::string& out, const T& object) {
  out += '{';
  const char* separator = "";
  const auto writeMember = [&](const char* key, const auto& value) {
    out.append(std::exchange(separator, ",")).append("\"").append(key).append("\":");
    write(out, value);
  };
  eachMember<T>([&](const char* key, auto pointer) {
    const auto& value = object.*pointer;
    if constexpr (isOptional<std::remove_cvref_t<decltype(value)>>) {
      if (value) writeMember(key, *value);
    } else {
      writeMember(key, value);
    }
  });
  out += '}';
}

// Each returns whether the value has the right type. If not, `problem` contains the key and the
// expected type.
using Problem = std::string;

inline bool read(const boost::json::value& from, bool& into, Problem& problem) {
  const auto* flag = from.if_bool();
  if (flag == nullptr) problem = " is not true or false";
  if (flag != nullptr) into = *flag;
  return flag != nullptr;
}
inline bool read(const boost::json::value& from, std::string& into, Problem& problem) {
  const auto* text = from.if_string();
  if (text == nullptr) problem = " is not a string";
  if (text != nullptr) into = std::string(*text);
  return text != nullptr;
}
template <typename Number>
requires std::integral<Number> || std::floating_point<Number>
bool read(const boost::json::value& from, Number& into, Problem& problem) {
  boost::system::error_code error;
  const auto number = from.to_number<Number>(error);
  // Boost.JSON reads 1e999 as infinity, which is not a JSON number.
  bool good = !error;
  if constexpr (std::floating_point<Number>) good = good && std::isfinite(number);
  if (!good) problem = " is not a number in range";
  if (good) into = number;
  return good;
}
template <typename T>
bool read(const boost::json::value& from, std::vector<T>& into, Problem& problem);
template <Described T>
bool read(const boost::json::value& from, T& into, Problem& problem);

template <typename T>
bool read(const boost::json::value& from, std::optional<T>& into, Problem& problem) {
  return read(from, into.emplace(), problem);
}
template <typename T>
bool read(const boost::json::value& from, Nullable<T>& into, Problem& problem) {
  return read(from, into.value.emplace(), problem);
}

template <typename T>
bool read(const boost::json::value& from, std::vector<T>& into, Problem& problem) {
  const auto* list = from.if_array();
  if (list == nullptr) {
    problem = " is not a list";
    return false;
  }
  into.clear();
  into.reserve(list->size());
  for (const auto& entry : *list) {
    if (read(entry, into.emplace_back(), problem)) continue;
    problem = fmt::format("[{}]{}", into.size() - 1, problem);
    return false;
  }
  return true;
}

template <Described T>
bool read(const boost::json::value& from, T& into, Problem& problem) {
  const auto* object = from.if_object();
  if (object == nullptr) {
    problem = " is not an object";
    return false;
  }
  bool good = true;
  eachMember<T>([&](const char* key, auto pointer) {
    if (!good) return;
    const auto* value = object->if_contains(key);
    if (value == nullptr || value->is_null() || read(*value, into.*pointer, problem)) return;
    problem = fmt::format(".{}{}", key, problem);
    good = false;
  });
  return good;
}

}  // namespace describe

template <describe::Described T>
std::string toJson(const T& object) {
  std::string text;
  describe::write(text, object);
  return text;
}

// A missing key or null leaves the default of the member, and unknown keys are ignored, because
// another version of the program may have written the text. Invalid: a value has the wrong type;
// the message names the key.
template <describe::Described T>
Result<T> fromJson(std::string_view text) {
  auto object = parseObject(text);
  if (!object) return object.error();
  T value;
  describe::Problem problem;
  if (!describe::read(boost::json::value(std::move(*object)), value, problem)) {
    return invalid(problem.substr(1));
  }
  return value;
}

}  // namespace bgplb
