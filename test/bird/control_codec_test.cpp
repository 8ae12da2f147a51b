#include "bird/control_codec.hpp"

#include "bird/status.hpp"
#include "io/file.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

#include <map>

using namespace bgplb;
using namespace bgplb::bird;

namespace {

constexpr const char* kVersions[] = {"2.0.12", "2.17.5", "3.1.7"};

struct Exchange {
  std::string command;  // empty: the greeting
  std::string bytes;    // of the reply
};

// Recorded by test/bird/record.
std::vector<Exchange> transcript(const std::string& version) {
  const auto text =
      io::readFile(std::string(TEST_SOURCE_DIR "/bird/transcripts/") + version + ".txt").value();
  std::vector<Exchange> exchanges(1);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at) + 1;
    const auto line = text.substr(at, end - at);
    at = end;
    if (line.starts_with(">>> ")) {
      exchanges.push_back({line.substr(4, line.size() - 5), ""});
    } else {
      exchanges.back().bytes += line;
    }
  }
  return exchanges;
}

Reply whole(const std::string& bytes) {
  ReplyParser parser;
  parser.feed(bytes);
  auto reply = parser.next();
  REQUIRE(reply.has_value());
  REQUIRE_FALSE(parser.next().has_value());
  return *reply;
}

Reply replyTo(const std::string& version, const std::string& command, int nth = 0) {
  for (const auto& exchange : transcript(version)) {
    if (exchange.command == command && nth-- == 0) return whole(exchange.bytes);
  }
  throw std::runtime_error("not in the transcript: " + command);
}

}  // namespace

TEST_CASE("ControlCodec.RecordedReplies_ByteByByteAndTogether", "[bird]") {
  for (const auto* version : kVersions) {
    INFO(version);
    std::string all;
    ReplyParser slow;
    std::vector<Reply> expected;
    for (const auto& exchange : transcript(version)) {
      INFO(exchange.command);
      expected.push_back(whole(exchange.bytes));
      all += exchange.bytes;
      for (std::size_t i = 0; i < exchange.bytes.size(); ++i) {
        CHECK_FALSE(slow.next().has_value());
        slow.feed(exchange.bytes.substr(i, 1));
      }
      CHECK(slow.next() == expected.back());
    }
    ReplyParser together;
    together.feed(all);
    for (const auto& reply : expected) CHECK(together.next() == reply);
    CHECK_FALSE(together.next().has_value());
  }
}

TEST_CASE("ControlCodec.RecordedCodes", "[bird]") {
  for (const auto* version : kVersions) {
    INFO(version);
    CHECK(replyTo(version, "").code == kWelcome);
    CHECK(replyTo(version, "").lastText() == "BIRD " + std::string(version) + " ready.");
    CHECK(replyTo(version, "configure").code == kReconfigured);
    CHECK(replyTo(version, "configure status").has(kReconfigured));
    const auto refused = replyTo(version, "configure", 1);
    CHECK(refused.code == kConfigurationRefused);
    CHECK(refused.isError());
    CHECK(refused.lastText().find("bird.conf:11:10 syntax error") != std::string::npos);
    const auto removal = replyTo(version, "configure", 2).code;
    CHECK((removal == kReconfiguring || removal == kReconfigured));
    CHECK(replyTo(version, "no such command").isError());
    CHECK_FALSE(replyTo(version, "show status").has(kRecovering));
    CHECK_FALSE(replyTo(version, "enable lb_peer1").isError());
  }
}

TEST_CASE("ControlCodec.RecordedSessions", "[bird]") {
  for (const auto* version : kVersions) {
    INFO(version);
    const auto peers = parsePeers(replyTo(version, "show protocols all \"lb_peer*\""));
    REQUIRE(peers.size() == 2);
    CHECK(peers[0].name == "lb_peer1");
    CHECK(peers[0].address == "10.77.0.2");
    CHECK(peers[0].as == 65002);
    CHECK(peers[0].isEstablished());
    CHECK(peers[0].since.starts_with("20"));
    CHECK(peers[0].lastError.empty());
    CHECK(peers[1].address == "10.77.0.3");
    CHECK_FALSE(peers[1].isEstablished());

    // Rows without details all have one code.
    CHECK(parsePeers(replyTo(version, "show protocols")).size() == 5);

    const auto exported = parseExported(replyTo(version, "show route export lb_peer1"));
    CHECK(exported ==
          std::set<Prefix>{test::net("10.0.0.101/32"), test::net("2001:db8:0:1::101/128")});
    CHECK(parseExported(replyTo(version, "show route export lb_peer2")).empty());
  }
}

TEST_CASE("ControlCodec.UnknownCodesAndTextAreNoError", "[bird]") {
  ReplyParser parser;
  parser.feed(
      "+Config timeout expired, starting undo\n"
      "1234-never seen\n more of it\nwithout a code\n\n77-short\r\n4321 \n");
  CHECK(parser.takeNews() == std::vector<std::string>{"Config timeout expired, starting undo"});
  CHECK(parser.takeNews().empty());
  const auto reply = parser.next();
  REQUIRE(reply.has_value());
  CHECK(reply->code == 4321);
  CHECK(reply->lines == std::vector<ReplyLine>{{1234, "never seen"},
                                               {1234, "more of it"},
                                               {1234, "without a code"},
                                               {1234, ""},
                                               {1234, "77-short"},
                                               {4321, ""}});
}

TEST_CASE("ControlCodec.NotificationInsideAReply", "[bird]") {
  ReplyParser parser;
  parser.feed("0002-Reading\n+Something happened\n00");
  CHECK_FALSE(parser.next().has_value());
  CHECK(parser.takeNews().size() == 1);
  parser.feed("03 Reconfigured\n0000");
  CHECK(parser.next()->code == kReconfigured);
  CHECK_FALSE(parser.next().has_value());
}

TEST_CASE("Status.CannotListen_OnlyWhileTheProtocolIsDown", "[bird]") {
  PeerStatus peer;
  peer.state = "Down";
  peer.lastError = "Error: No listening socket";
  CHECK(cannotListen(peer));
  peer.state = "Active";  // the error stays
  CHECK_FALSE(cannotListen(peer));
  peer.state = "Down";
  peer.lastError = "Error: Authentication failed";
  CHECK_FALSE(cannotListen(peer));
}
