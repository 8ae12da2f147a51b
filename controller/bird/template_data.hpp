#pragma once
// Converts values to the variables of a template, for renderMain(). An optional value has two
// variables: hasName, a section, and name, which exists only if hasName is true. A template that
// uses name outside of that section is therefore refused (strict_context.hpp).

#include "base/address.hpp"
#include "base/secret.hpp"

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <kainjow/mustache.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <string>

namespace bgplb::bird {

using TemplateData = kainjow::mustache::data;

inline std::string templateText(const std::string& value) { return value; }
inline std::string templateText(const Address& value) { return value.toString(); }
inline std::string templateText(std::chrono::seconds value) {
  return std::to_string(value.count());
}
template <std::integral Number>
std::string templateText(Number value) {
  return std::to_string(value);
}

template <typename Value>
void put(TemplateData& data, const std::string& name, const Value& value) {
  data.set(name, templateText(value));
}
// A bool is a section.
inline void put(TemplateData& data, const std::string& name, bool value) { data.set(name, value); }

template <typename Value>
void put(TemplateData& data, const std::string& name, const std::optional<Value>& value) {
  std::string has = "has" + name;
  has[3] = static_cast<char>(has[3] - 'a' + 'A');
  data.set(has, value.has_value());
  if (value) put(data, name, *value);
}
inline void put(TemplateData& data, const std::string& name, const Secret& value) {
  put(data, name, value.empty() ? std::nullopt : std::optional(value.reveal()));
}

// One variable for each member of a struct that BOOST_DESCRIBE_STRUCT describes, with the member's
// name.
template <typename Struct>
TemplateData templateData(const Struct& value) {
  using Members = boost::describe::describe_members<Struct, boost::describe::mod_public>;
  TemplateData data;
  boost::mp11::mp_for_each<Members>(
      [&](auto member) { put(data, member.name, value.*member.pointer); });
  return data;
}

}  // namespace bgplb::bird
