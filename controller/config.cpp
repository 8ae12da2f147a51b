#include "config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace bgplb {

namespace {

constexpr std::uint64_t kLargestAs = 4294967295;  // RFC 6793
constexpr double kLongestDelay = 3600;            // seconds

std::vector<std::string> splitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const auto comma = text.find(',', begin);
    std::string part = text.substr(begin, comma - begin);
    const auto first = part.find_first_not_of(' ');
    part = first == std::string::npos ? "" : part.substr(first, part.find_last_not_of(' ') - first + 1);
    parts.push_back(std::move(part));
    if (comma == std::string::npos) return parts;
    begin = comma + 1;
  }
}

// What a person sees of a wrong value: short, and printable.
std::string shown(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return text.substr(0, 64);
}

class Reader {
 public:
  Reader(const Environment& environment, std::vector<std::string>& problems)
      : environment_(environment), problems_(problems) {}

  std::optional<std::string> text(const char* name) const {
    auto value = environment_(name);
    if (value && value->empty()) value.reset();
    return value;
  }

  void wrong(const char* name, const std::string& value, const char* takes) {
    problems_.push_back(fmt::format("{}={}: it takes {}", name, shown(value), takes));
  }
  void missing(const char* name, const char* takes) {
    problems_.push_back(fmt::format("{} is missing: it takes {}", name, takes));
  }

  std::optional<std::int64_t> number(const char* name, std::int64_t least, std::int64_t largest,
                                     const char* takes) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto parsed = parseNumber(*value, least, largest);
    if (!parsed) wrong(name, *value, takes);
    return parsed;
  }

  static std::optional<std::int64_t> parseNumber(const std::string& value, std::int64_t least,
                                                 std::int64_t largest) {
    std::int64_t parsed = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    const bool whole = code == std::errc{} && end == value.data() + value.size();
    if (!whole || parsed < least || parsed > largest) return std::nullopt;
    return parsed;
  }

  void flag(const char* name, bool& into) {
    const auto value = text(name);
    if (!value) return;
    if (*value != "true" && *value != "false") {
      wrong(name, *value, "true or false");
      return;
    }
    into = *value == "true";
  }

  void delay(const char* name, std::chrono::milliseconds& into) {
    const auto value = text(name);
    if (!value) return;
    double seconds = 0;
    const auto [end, code] = std::from_chars(value->data(), value->data() + value->size(), seconds);
    const bool whole = code == std::errc{} && end == value->data() + value->size();
    if (!whole || !std::isfinite(seconds) || seconds < 0 || seconds > kLongestDelay) {
      wrong(name, *value, "seconds from 0 to 3600, such as 1 or 0.5");
      return;
    }
    into = std::chrono::milliseconds(std::llround(seconds * 1000));
  }

 private:
  const Environment& environment_;
  std::vector<std::string>& problems_;
};

constexpr const char* kAsTakes = "an AS number from 1 to 4294967295";
constexpr const char* kPeersTake =
    "the address of the router, IPv4 or IPv6, or several separated by commas";

// One value for all peers, or as many as there are peers.
bool fits(const std::vector<std::string>& values, std::size_t peers) {
  return values.size() == 1 || values.size() == peers;
}

void readPeerAs(Reader& reader, Settings& settings) {
  const auto value = reader.text("PEER_AS");
  if (!value) {
    reader.missing("PEER_AS", kAsTakes);
    return;
  }
  const auto numbers = splitAtCommas(*value);
  bool good = fits(numbers, settings.peers.size()) || settings.peers.empty();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto as = Reader::parseNumber(numbers[i], 1, static_cast<std::int64_t>(kLargestAs));
    good = good && as.has_value();
    if (!as) continue;
    for (std::size_t peer = 0; peer < settings.peers.size(); ++peer) {
      if (numbers.size() == 1 || peer == i) {
        settings.peers[peer].as = static_cast<std::uint32_t>(*as);
      }
    }
  }
  if (!good) {
    reader.wrong("PEER_AS", *value,
                 "an AS number from 1 to 4294967295: one for all peers, or as many as PEER_ADDRESS "
                 "has addresses, separated by commas");
  }
}

// The value never shows in a problem.
void readPasswords(Reader& reader, Settings& settings, std::vector<std::string>& problems) {
  const auto value = reader.text("PEER_PASSWORD");
  if (!value || settings.peers.empty()) return;
  // With one peer a comma is part of the password.
  const auto passwords = settings.peers.size() == 1 ? std::vector<std::string>{*value}
                                                    : splitAtCommas(*value);
  const bool bad = std::any_of(passwords.begin(), passwords.end(), [](const std::string& password) {
    return !core::passwordProblem(password).empty();
  });
  if (bad || !fits(passwords, settings.peers.size())) {
    problems.push_back(
        "PEER_PASSWORD: it takes up to 80 characters without quotation marks (\") and control "
        "characters; for several peers one for all, or as many as PEER_ADDRESS has addresses, "
        "separated by commas");
    return;
  }
  for (std::size_t peer = 0; peer < settings.peers.size(); ++peer) {
    settings.peers[peer].password = Secret(passwords[passwords.size() == 1 ? 0 : peer]);
  }
}

void readPeers(Reader& reader, Settings& settings, std::vector<std::string>& problems) {
  const auto value = reader.text("PEER_ADDRESS");
  if (!value) {
    reader.missing("PEER_ADDRESS", kPeersTake);
  } else {
    std::set<Address> seen;
    bool good = true;
    for (const auto& part : splitAtCommas(*value)) {
      const auto address = Address::parse(part);
      if (!address || !address->isUsableUnicast() || *address == settings.routerId ||
          !seen.insert(*address).second) {
        good = false;
        continue;
      }
      settings.peers.push_back({.name = core::peerName(*address), .address = *address});
    }
    if (!good) reader.wrong("PEER_ADDRESS", *value, kPeersTake);
  }
  readPeerAs(reader, settings);
  readPasswords(reader, settings, problems);
}

void readOwnAddresses(Reader& reader, Settings& settings) {
  constexpr const char* kTakes = "an IPv4 address of this host, such as 192.168.8.40";
  if (const auto value = reader.text("ROUTER_ID")) {
    const auto address = Address::parse(*value);
    if (address && address->isV4() && address->isUsableUnicast()) {
      settings.routerId = *address;
    } else {
      reader.wrong("ROUTER_ID", *value, kTakes);
    }
  } else {
    reader.missing("ROUTER_ID", kTakes);
  }
  if (const auto value = reader.text("ROUTER_ID6")) {
    const auto address = Address::parse(*value);
    if (address && address->isV6() && address->isUsableUnicast()) {
      settings.routerId6 = *address;
    } else {
      reader.wrong("ROUTER_ID6", *value, "an IPv6 address of this host that others can reach");
    }
  }
}

}  // namespace

SettingsOutcome parseSettings(const Environment& environment) {
  SettingsOutcome outcome;
  Settings& settings = outcome.settings;
  Reader reader(environment, outcome.problems);

  readOwnAddresses(reader, settings);
  if (const auto as = reader.number("LOCAL_AS", 1, static_cast<std::int64_t>(kLargestAs), kAsTakes)) {
    settings.localAs = static_cast<std::uint32_t>(*as);
  }
  readPeers(reader, settings, outcome.problems);
  const auto port = reader.number("ROUTER_PORT", -1, 65535, "a port from 1 to 65535, or -1");
  if (port == 0) reader.wrong("ROUTER_PORT", "0", "a port from 1 to 65535, or -1");
  if (port && *port > 0) settings.routerPort = static_cast<std::uint16_t>(*port);
  if (const auto hold = reader.number("HOLD_TIME", 3, 65535, "seconds from 3 to 65535")) {
    settings.holdTime = std::chrono::seconds(*hold);
  }
  if (const auto time = reader.number("GR_TIME", 1, 4095, "seconds from 1 to 4095")) {
    settings.gracefulRestartTime = std::chrono::seconds(*time);
  }
  reader.flag("GRACEFUL_RESTART", settings.gracefulRestart);
  if (const auto mode = reader.text("STOP_MODE")) {
    settings.withdrawAtStop = *mode == "withdraw";
    if (*mode != "withdraw" && *mode != "graceful-restart") {
      reader.wrong("STOP_MODE", *mode, "graceful-restart or withdraw");
    }
  }
  reader.flag("SIGUSR2_HANDLER", settings.sigusr2Handler);
  reader.flag("GLOBAL_SCOPE", settings.globalScope);
  // Anything but `stop` leaves the container running, as the reference plugin has it.
  settings.sigusr2Stop = reader.text("SIGUSR2_ACTION").value_or("stop") == "stop";
  reader.delay("RISE_TIME", settings.flapPolicy.riseTime);
  reader.delay("HOLD_DOWN", settings.flapPolicy.holdDown);
  reader.delay("DRAIN_GRACE", settings.drainGrace);
  reader.delay("DRAIN_DELAY", settings.drainDelay);
  if (const auto value = reader.text("LOG_LEVEL")) {
    if (const auto level = log::parseLevel(*value)) {
      settings.logLevel = *level;
    } else {
      reader.wrong("LOG_LEVEL", *value, "debug, info, warning or error");
    }
  }
  return outcome;
}

}  // namespace bgplb
