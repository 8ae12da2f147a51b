#include "bird/status.hpp"

#include "base/parse.hpp"

#include <algorithm>
#include <string_view>

namespace bgplb::bird {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::vector<std::string_view> splitColumns(std::string_view text) {
  std::vector<std::string_view> found;
  for (;;) {
    text = trimmed(text);
    if (text.empty()) return found;
    const auto end = std::min(text.find(' '), text.size());
    found.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// "  BGP state:          Established"
void readDetail(std::string_view line, PeerStatus& peer) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto key = trimmed(line.substr(0, colon));
  const auto value = trimmed(line.substr(colon + 1));
  if (key == "BGP state") peer.state = value;
  if (key == "Neighbor address") peer.address = value;
  if (key == "Neighbor AS") peer.as = parseWhole<std::uint32_t>(value).value_or(0);
  if (key == "Last error") peer.lastError = value;
}

}  // namespace

std::vector<PeerStatus> parsePeers(const Reply& reply) {
  std::vector<PeerStatus> peers;
  for (const auto& line : reply.lines) {
    if (line.code == kProtocolRow) {
      // name, protocol, table, state, since, info
      const auto columns = splitColumns(line.text);
      if (columns.empty()) continue;
      PeerStatus peer;
      peer.name = columns[0];
      if (columns.size() > 4) peer.since = columns[4];
      peers.push_back(std::move(peer));
    } else if (line.code == kProtocolDetail && !peers.empty()) {
      readDetail(line.text, peers.back());
    }
  }
  return peers;
}

std::set<Prefix> parseExported(const Reply& reply) {
  std::set<Prefix> exported;
  if (reply.isError()) return exported;
  for (const auto& line : reply.lines) {
    if (line.code != kRouteRow) continue;
    // "10.0.0.101/32        blackhole [lb_vip4 20:25:40.990] * (200)"; "Table master4:" has no
    // prefix.
    const auto prefix = Prefix::parse(std::string_view(line.text).substr(0, line.text.find(' ')));
    if (prefix) exported.insert(*prefix);
  }
  return exported;
}

bool cannotListen(const PeerStatus& peer) {
  // BIRD keeps the error after a later attempt has succeeded, so the state must be checked as well.
  return peer.state == "Down" && peer.lastError.find("No listening socket") != std::string::npos;
}

}  // namespace bgplb::bird
