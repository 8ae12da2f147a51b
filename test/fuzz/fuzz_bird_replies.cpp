// BIRD's control socket: replies do not depend on how the bytes are split, a reply that is written
// again parses to the same reply, and the status contains only data of the reply.

#include "bird/control_codec.hpp"
#include "bird/status.hpp"

#include "fuzz/fuzz.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace bgplb;
using bird::Reply;
using bird::ReplyParser;

namespace {

std::vector<Reply> take(ReplyParser& parser) {
  std::vector<Reply> replies;
  while (auto reply = parser.next()) replies.push_back(std::move(*reply));
  return replies;
}

// Writes a reply as BIRD would. Lines end with \r\n, because the text itself may end with a \r.
std::string written(const Reply& reply) {
  std::string bytes;
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    const auto& [code, text] = reply.lines[i];
    const bool last = i + 1 == reply.lines.size();
    bytes += fmt::format("{:04}{}{}\r\n", code, last ? ' ' : '-', text);
  }
  return bytes;
}

void check(const Reply& reply) {
  ALWAYS(!reply.lines.empty());
  ALWAYS(reply.lines.back().code == reply.code);
  ReplyParser parser;
  parser.feed(written(reply));
  ALWAYS(take(parser) == std::vector<Reply>{reply});

  const auto rows = std::count_if(reply.lines.begin(), reply.lines.end(),
                                  [](const auto& line) { return line.code == bird::kProtocolRow; });
  const auto peers = bird::parsePeers(reply);
  ALWAYS(peers.size() <= static_cast<std::size_t>(rows));
  for (const auto& peer : peers) {
    ALWAYS(!peer.name.empty());
    ALWAYS(peer.exported.empty());
    if (bird::cannotListen(peer)) ALWAYS(!peer.isEstablished());
  }
  const auto exported = bird::parseExported(reply);
  ALWAYS(exported.empty() || !reply.isError());
  for (const auto& prefix : exported) ALWAYS(Prefix::parse(prefix.toString()) == prefix);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::textOf(data, size);
  ReplyParser together;
  together.feed(bytes);
  const auto replies = take(together);
  const auto news = together.takeNews();

  ReplyParser apart;
  for (std::size_t at = 0; at < bytes.size(); ++at) apart.feed(bytes.substr(at, 1));
  ALWAYS(take(apart) == replies);
  ALWAYS(apart.takeNews() == news);

  for (const auto& reply : replies) check(reply);
  return 0;
}
