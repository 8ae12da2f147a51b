#pragma once
// The operator's settings as one value. schema.hpp describes the names and readers of the settings;
// the table in schema.cpp maps each setting to its field.

#include "base/address.hpp"
#include "base/heartbeat.hpp"
#include "base/log.hpp"
#include "core/flapping.hpp"
#include "core/instance.hpp"
#include "core/peer.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace bgplb::settings {

struct Settings {
  core::Instance instance{};
  Address routerId;                  // IPv4
  std::optional<Address> routerId6;  // none: derived from the route to each peer
  std::uint32_t localAs = 64512;
  std::vector<core::Peer> peers;  // in the given order, without the values that peering.cpp adds
  std::optional<std::uint16_t> routerPort;  // none: BIRD only connects to its peers
  std::chrono::seconds holdTime{9};         // RFC 4271 section 4.2
  bool gracefulRestart = true;              // RFC 4724
  std::chrono::seconds gracefulRestartTime{120};
  bool withdrawAtStop = false;
  std::chrono::seconds orphanTime = heartbeat::kOrphanTime;  // 0: never. PID 1 reads it as well
  bool sigusr2Handler = false;
  bool sigusr2Stop = true;
  core::FlapPolicy flapPolicy;
  std::chrono::milliseconds drainGrace{1000};
  std::chrono::milliseconds drainDelay{5000};
  std::vector<Prefix> allowedPrefixes;  // empty: no limit
  bool hashPorts = true;
  std::optional<unsigned> vipMss;  // bytes; none: no limit
  bool globalScope = false;
  log::Level logLevel = log::Level::Info;

  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace bgplb::settings
