#pragma once
// One table of all settings: the single place where a setting has its names, its reader, its
// default and its explanation. environment.cpp reads by it; plugin-rootfs/config.json and the
// tables in docs/configuration.md are generated from it
// (test/settings/documents_test.cpp).
//
// docs/extending.md says how to add a setting.

#include "settings/settings.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bgplb::settings {

// What a change of the value does to the sessions of a BIRD that runs (a protocol is restarted if
// any option in its block changes; filters and routes are not part of it).
enum class Effect {
  Live,                 // no session restarts
  RestartsPeerSession,  // the sessions of the peers whose value changes
  RestartsAllSessions,
  NeedsPluginRestart,  // dockerd reads it only when the plugin is enabled
};
std::string_view effectText(Effect effect);

// None: the field was set. Else why the value is refused, empty where `takes` says it all.
using Problem = std::optional<std::string>;

struct Setting {
  std::string_view name;  // of the environment variable
  std::string_view key;   // in a settings file
  Problem (*read)(const std::string& text, Settings& settings);
  std::string_view standard = {};  // the default as `read` takes it; empty: there is none
  std::string_view without = {};   // what holds without a value, where `standard` is empty
  std::string_view takes;          // the allowed values; completes "it takes ..."
  std::string_view help;  // what it decides: one phrase, which docker plugin inspect shows too
  Effect effect = Effect::Live;
  bool required = false;
  bool secret = false;  // no value is ever shown
};

// In the order in which they are read: a row may use the fields that earlier rows set. The rows of
// peers come after PEER_ADDRESS.
std::span<const Setting> schema();

}  // namespace bgplb::settings
