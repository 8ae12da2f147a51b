#pragma once
// The operator's settings as one value. schema.hpp says how each is called, read and explained;
// which setting fills which field is in schema.cpp.

#include "base/address.hpp"
#include "base/log.hpp"
#include "core/flapping.hpp"
#include "core/peer.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace bgplb::settings {

struct Settings {
  Address routerId;                  // IPv4
  std::optional<Address> routerId6;  // none: chosen by the route to each peer
  std::uint32_t localAs = 64512;
  std::vector<core::Peer> peers;  // in the order given; what only the kernel knows is left out
  std::optional<std::uint16_t> routerPort;  // none: we only dial out
  std::chrono::seconds holdTime{9};         // RFC 4271 section 4.2
  bool gracefulRestart = true;              // RFC 4724
  std::chrono::seconds gracefulRestartTime{120};
  bool withdrawAtStop = false;
  bool sigusr2Handler = false;
  bool sigusr2Stop = true;
  core::FlapPolicy flapPolicy;
  std::chrono::milliseconds drainGrace{1000};
  std::chrono::milliseconds drainDelay{5000};
  bool globalScope = false;
  log::Level logLevel = log::Level::Info;

  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace bgplb::settings
