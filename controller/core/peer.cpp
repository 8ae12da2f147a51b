#include "core/peer.hpp"

#include "core/link_names.hpp"
#include "core/local_daemon.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace bgplb::core {

namespace {

constexpr std::size_t kLongestPassword = 80;  // TCP_MD5SIG_MAXKEYLEN, linux/tcp.h
// A symbol of BIRD has at most 64 characters; an IPv6 address has at most 39.
constexpr std::size_t kLongestName = 40;
constexpr unsigned kMostHops = 255;  // the largest TTL

constexpr std::uint32_t kAsTrans = 23456;
constexpr std::uint32_t kLastAs16 = 65535;
constexpr std::uint32_t kLastAs32 = 4294967295;

std::string nextHopProblem(const std::optional<Address>& nextHop, Family family) {
  if (!nextHop || *nextHop == localNextHop(family)) return {};
  if (nextHop->family() == family && isSessionAddress(*nextHop)) return {};
  return fmt::format("{} is not an IPv{} next hop", nextHop->toString(),
                     family == Family::V4 ? 4 : 6);
}

std::vector<std::string> problemsOf(const Peer& peer) {
  std::vector<std::string> problems{
      nameProblem(peer.name), asProblem(peer.as), passwordProblem(peer.password.reveal()),
      nextHopProblem(peer.nextHop4, Family::V4), nextHopProblem(peer.nextHop6, Family::V6)};
  if (!isPeerAddress(peer.address)) {
    problems.emplace_back("no session is possible with that address");
  }
  if (peer.source && peer.source->family() != peer.address.family()) {
    problems.push_back(
        fmt::format("the source {} is of the other family", peer.source->toString()));
  }
  if (peer.hops && (*peer.hops < 1 || *peer.hops > kMostHops)) {
    problems.push_back(fmt::format("{} hops are not in 1..{}", *peer.hops, kMostHops));
  }
  std::erase(problems, std::string());
  return problems;
}

}  // namespace

bool isSessionAddress(const Address& address) {
  if (address.isUsableUnicast()) return true;
  static const Prefix kOwnNextHops = Prefix::of(nextHop(Family::V4, 1), 24);
  return address.isV4() && address.isLinkLocal() && !kOwnNextHops.contains(address);
}

std::string peerName(const Address& address) {
  std::string name = address.toString();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '.' || c == ':'; }, '_');
  return name;
}

std::string nameProblem(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
  if (plain && !name.empty() && name.size() <= kLongestName) return {};
  return fmt::format("the name has 1 to {} letters, digits and underscores", kLongestName);
}

std::string asProblem(std::uint32_t as) {
  switch (as) {
    case 0: return "AS 0 is reserved (RFC 7607)";
    case kAsTrans: return "AS 23456 stands for AS numbers of four octets (AS_TRANS, RFC 6793)";
    case kLastAs16:
    case kLastAs32: return fmt::format("AS {} is reserved (RFC 7300)", as);
    default: return {};
  }
}

std::string passwordProblem(std::string_view password) {
  if (password.size() > kLongestPassword) {
    return fmt::format("the password has {} bytes, TCP MD5 takes at most {}", password.size(),
                       kLongestPassword);
  }
  for (const char c : password) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"') return "the password holds a double quote, which BIRD cannot read";
    if (byte < 0x20 || byte == 0x7f) return "the password contains a control character";
  }
  return {};
}

std::vector<std::string> peerProblems(const std::vector<Peer>& peers) {
  std::vector<std::string> problems;
  std::set<std::string> names;
  std::set<Address> addresses;
  for (const auto& peer : peers) {
    const std::string shown = peer.address.toString();
    for (const auto& problem : problemsOf(peer)) {
      problems.push_back(fmt::format("peer {}: {}", shown, problem));
    }
    if (!names.insert(peer.name).second) {
      problems.push_back(fmt::format("peer {}: another peer has the name {}", shown, peer.name));
    }
    if (!addresses.insert(peer.address).second) {
      problems.push_back(fmt::format("peer {}: another peer has the same address", shown));
    }
  }
  return problems;
}

}  // namespace bgplb::core
