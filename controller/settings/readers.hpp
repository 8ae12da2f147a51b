#pragma once
// The readers of the settings. Each row of the table in schema.cpp names one. A reader parses the
// text of a setting and sets its field, or returns why the value is refused (schema.hpp, Problem).

#include "core/routing_config.hpp"
#include "settings/schema.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace bgplb::settings {

Problem readFlag(const std::string& text, bool& flag);
// Whole seconds.
Problem readSeconds(const std::string& text, std::chrono::seconds least, std::chrono::seconds most,
                    std::chrono::seconds& seconds);
// Seconds from 0 to 3600, with a fraction, rounded to milliseconds.
Problem readDelay(const std::string& text, std::chrono::milliseconds& delay);
Problem readAs(const std::string& text, std::uint32_t& as);

// Reads a setting of the peers: one value for all peers, or one for each address of PEER_ADDRESS,
// separated by commas. If there are no peers because their addresses were refused, the values are
// checked nevertheless.
using PeerReader = Problem (*)(const std::string& entry, core::Peer& peer);
Problem readForPeers(const std::string& text, Settings& to, PeerReader readOne);

Problem readInstance(const std::string& text, Settings& to);
Problem readRouterId(const std::string& text, Settings& to);
Problem readRouterId6(const std::string& text, Settings& to);
Problem readRouterPort(const std::string& text, Settings& to);
Problem readPeerAddresses(const std::string& text, Settings& to);
Problem readPasswords(const std::string& text, Settings& to);
Problem readAllowedPrefixes(const std::string& text, Settings& to);
Problem readStopMode(const std::string& text, Settings& to);
Problem readSigusr2Action(const std::string& text, Settings& to);
Problem readMultipathHash(const std::string& text, Settings& to);
Problem readVipMss(const std::string& text, Settings& to);
Problem readLogLevel(const std::string& text, Settings& to);

}  // namespace bgplb::settings
