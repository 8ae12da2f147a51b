#include "settings/readers.hpp"

#include "base/parse.hpp"
#include "core/local_daemon.hpp"
#include "core/network_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace bgplb::settings {

namespace {

constexpr double kLongestDelay = 3600;    // seconds
constexpr const char* kNoPassword = "-";  // in a list: the peer has no password

Problem refused(std::string why = {}) { return why; }

// Converts the result of the checks in core/peer.hpp, which return an empty string for no problem.
Problem problemFrom(std::string problem) {
  return problem.empty() ? Problem() : Problem(std::move(problem));
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> splitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const auto comma = text.find(',', begin);
    parts.push_back(trimmed(text.substr(begin, comma - begin)));
    if (comma == std::string::npos) return parts;
    begin = comma + 1;
  }
}

Problem readPassword(const std::string& entry, core::Peer& peer) {
  if (entry.empty()) return refused();
  if (entry == kNoPassword) return {};
  if (auto problem = problemFrom(core::passwordProblem(entry))) return problem;
  peer.password = Secret(entry);
  return {};
}

Problem readPeerAddress(const std::string& entry, Settings& to, std::set<Address>& seen) {
  const auto address = Address::parse(entry);
  if (!address) return refused();
  const std::string shown = address->toString();
  if (!core::isPeerAddress(*address)) return refused("no session is possible with " + shown);
  if (*address == core::localSource()) {
    return refused(shown + " is the plugin's own address towards a routing daemon of this host");
  }
  if (!seen.insert(*address).second) return refused(shown + " is listed twice");
  to.peers.push_back({.name = core::peerName(*address), .address = *address});
  return {};
}

}  // namespace

Problem readFlag(const std::string& text, bool& flag) {
  if (text != "true" && text != "false") return refused();
  flag = text == "true";
  return {};
}

Problem readSeconds(const std::string& text, std::chrono::seconds least, std::chrono::seconds most,
                    std::chrono::seconds& seconds) {
  const auto number = parseWhole<std::int64_t>(text, least.count(), most.count());
  if (!number) return refused();
  seconds = std::chrono::seconds(*number);
  return {};
}

Problem readDelay(const std::string& text, std::chrono::milliseconds& delay) {
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, seconds);
  const bool whole = code == std::errc{} && stopped == end;
  if (!whole || !std::isfinite(seconds) || seconds < 0 || seconds > kLongestDelay) return refused();
  delay = std::chrono::milliseconds(std::llround(seconds * 1000));
  return {};
}

Problem readAs(const std::string& text, std::uint32_t& as) {
  const auto number = parseWhole<std::uint32_t>(text);
  if (!number) return refused();
  if (auto problem = problemFrom(core::asProblem(*number))) return problem;
  as = *number;
  return {};
}

Problem readForPeers(const std::string& text, Settings& to, PeerReader readOne) {
  const auto entries = splitAtCommas(text);
  if (!to.peers.empty() && entries.size() != 1 && entries.size() != to.peers.size()) {
    return refused(fmt::format("{} values for {} peers", entries.size(), to.peers.size()));
  }
  core::Peer unused;
  for (std::size_t i = 0; i < std::max(entries.size(), to.peers.size()); ++i) {
    const auto& entry = entries.size() == 1 ? entries.front() : entries[i];
    auto problem = readOne(entry, to.peers.empty() ? unused : to.peers[i]);
    if (problem) return problem;
  }
  return {};
}

Problem readRouterId(const std::string& text, Settings& to) {
  const auto address = Address::parse(text);
  if (!address || address->isV6() || !core::isSessionAddress(*address)) return refused();
  to.routerId = *address;
  return {};
}

Problem readRouterId6(const std::string& text, Settings& to) {
  const auto address = Address::parse(text);
  if (!address || address->isV4() || !address->isUsableUnicast()) return refused();
  to.routerId6 = *address;
  return {};
}

Problem readRouterPort(const std::string& text, Settings& to) {
  const auto port = parseWhole<int>(text, -1, 65535);
  if (!port || *port == 0) return refused();
  if (*port > 0) to.routerPort = static_cast<std::uint16_t>(*port);
  return {};
}

Problem readPeerAddresses(const std::string& text, Settings& to) {
  std::set<Address> seen;
  for (const auto& entry : splitAtCommas(text)) {
    auto problem = readPeerAddress(entry, to, seen);
    if (!problem) continue;
    to.peers.clear();  // otherwise the lists of other settings would be reported as too long
    return problem;
  }
  return {};
}

// With a single peer, a comma is part of its password.
Problem readPasswords(const std::string& text, Settings& to) {
  if (text == kNoPassword) return refused();  // to use no password at all, leave the setting empty
  if (to.peers.empty()) return {};
  if (to.peers.size() > 1) return readForPeers(text, to, readPassword);
  return readPassword(text, to.peers.front());
}

Problem readAllowedPrefixes(const std::string& text, Settings& to) {
  std::vector<Prefix> prefixes;
  for (const auto& entry : splitAtCommas(text)) {
    const auto prefix = Prefix::parse(entry);
    if (!prefix) return refused();
    const auto address = Address::parse(entry.substr(0, entry.find('/')));
    if (*address != prefix->address()) {
      return refused(fmt::format("{} has bits behind the prefix length; its prefix is {}", entry,
                                 prefix->toString()));
    }
    prefixes.push_back(*prefix);
  }
  to.allowedPrefixes = std::move(prefixes);
  return {};
}

Problem readInstance(const std::string& text, Settings& to) {
  const auto number = parseWhole<unsigned>(text, 1, core::kInstances);
  if (!number) return refused();
  to.instance = core::Instance(*number);
  return {};
}

Problem readStopMode(const std::string& text, Settings& to) {
  if (text != "withdraw" && text != "graceful-restart") return refused();
  to.withdrawAtStop = text == "withdraw";
  return {};
}

// Anything but `stop` leaves the container running, as in the reference plugin.
Problem readSigusr2Action(const std::string& text, Settings& to) {
  to.sigusr2Stop = text == "stop";
  return {};
}

Problem readMultipathHash(const std::string& text, Settings& to) {
  if (text != "ports" && text != "keep") return refused();
  to.hashPorts = text == "ports";
  return {};
}

Problem readVipMss(const std::string& text, Settings& to) {
  to.vipMss = parseWhole(text, core::kLeastMss, core::kLargestMss);
  return to.vipMss ? Problem{} : refused();
}

Problem readLogLevel(const std::string& text, Settings& to) {
  const auto level = log::parseLevel(text);
  if (!level) return refused();
  to.logLevel = *level;
  return {};
}

}  // namespace bgplb::settings
