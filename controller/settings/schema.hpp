#pragma once
// The table of all settings: the only place that defines the names, the reader, the default and the
// explanation of a setting. environment.cpp reads the settings with it. plugin-rootfs/config.json
// and the tables in docs/configuration.md are generated from it (test/settings/documents_test.cpp).
//
// docs/extending.md describes how to add a setting.

#include "settings/settings.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bgplb::settings {

// The effect of a changed value on the sessions of a running BIRD. BIRD restarts a protocol if any
// option in its block changes; filters and routes are not part of the block.
enum class Effect {
  Live,                 // no session restarts
  RestartsPeerSession,  // the sessions of the peers whose value changes
  RestartsAllSessions,
  NeedsPluginRestart,  // dockerd reads it only when the plugin is enabled
};
std::string_view effectText(Effect effect);

// None: the field was set. Otherwise the reason why the value is refused; empty if `takes` explains
// it sufficiently.
using Problem = std::optional<std::string>;

struct Setting {
  std::string_view name;  // of the environment variable
  std::string_view key;   // in a settings file
  Problem (*read)(const std::string& text, Settings& settings);
  std::string_view standard = {};  // the default, as text for `read`; empty: no default text
  std::string_view without = {};   // the behaviour without a value, if `standard` is empty
  std::string_view takes;          // the allowed values; completes "it takes ..."
  std::string_view help;  // the purpose, as one phrase; `docker plugin inspect` shows it too
  Effect effect = Effect::Live;
  bool required = false;
  bool secret = false;  // the value is never shown
};

// The rows are read in this order, so a row may use the fields that earlier rows set. The rows with
// values of peers follow PEER_ADDRESS.
std::span<const Setting> schema();

}  // namespace bgplb::settings
