#pragma once
// The plugin's settings: environment variables, all checked before anything starts, every problem
// reported at once. An empty value is the default (`docker plugin set NAME KEY=`).

#include "base/address.hpp"
#include "base/log.hpp"
#include "core/flapping.hpp"
#include "core/peer.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bgplb {

struct Settings {
  Address routerId;                    // ROUTER_ID
  std::optional<Address> routerId6;    // ROUTER_ID6
  std::uint32_t localAs = 64512;       // LOCAL_AS
  std::vector<core::Peer> peers;       // PEER_ADDRESS, PEER_AS, PEER_PASSWORD
  std::optional<std::uint16_t> routerPort;  // ROUTER_PORT; none (-1): we only dial out
  std::chrono::seconds holdTime{9};         // HOLD_TIME (RFC 4271 section 4.2: 3 or more)
  bool gracefulRestart = true;              // GRACEFUL_RESTART (RFC 4724)
  std::chrono::seconds gracefulRestartTime{120};  // GR_TIME (RFC 4724 section 3: up to 4095)
  bool withdrawAtStop = false;              // STOP_MODE=withdraw
  bool sigusr2Handler = false;              // SIGUSR2_HANDLER
  bool sigusr2Stop = true;                  // SIGUSR2_ACTION=stop
  core::FlapPolicy flapPolicy;                 // RISE_TIME, HOLD_DOWN, seconds
  std::chrono::milliseconds drainGrace{1000};  // DRAIN_GRACE, seconds
  std::chrono::milliseconds drainDelay{5000};  // DRAIN_DELAY, seconds
  bool globalScope = false;                    // GLOBAL_SCOPE
  log::Level logLevel = log::Level::Info;      // LOG_LEVEL
};

struct SettingsOutcome {
  Settings settings;
  std::vector<std::string> problems;  // one sentence each, naming the setting and what it takes
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

SettingsOutcome parseSettings(const Environment& environment);

}  // namespace bgplb
