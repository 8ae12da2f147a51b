// The timeouts after which BIRD counts as hung. The test itself writes BIRD's end of the socket.
#include "bird/control_client.hpp"

#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace bgplb;
using namespace bgplb::bird;
using namespace std::chrono_literals;
using bgplb::test::runUntil;

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Local = asio::local::stream_protocol;

struct Fixture {
  Fixture() {
    std::string pattern = std::filesystem::temp_directory_path() / "bgplb-control-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
    const std::string path = folder + "/bird.ctl";
    Local::acceptor acceptor(io, Local::endpoint(path));
    std::optional<Result<void>> connected;
    asio::co_spawn(io, client.connect(path, 10s),
                   [&](const std::exception_ptr&, Result<void> result) { connected = result; });
    test::runReady(io);
    acceptor.accept(bird);
    write("0001 BIRD 2.17.5 ready.\n");
    REQUIRE(runUntil(io, [&] { return connected.has_value(); }));
    REQUIRE(connected->has_value());
  }
  ~Fixture() { std::filesystem::remove_all(folder); }

  void command(std::chrono::milliseconds timeout) {
    asio::co_spawn(io, client.command("show protocols all", timeout),
                   [this](const std::exception_ptr&, Result<Reply> result) { reply = result; });
    test::runReady(io);
  }
  void write(const std::string& text) {
    bird.non_blocking(true);  // the text must fit into the socket's buffer: no one reads meanwhile
    REQUIRE(bird.send(asio::buffer(text)) == text.size());
  }
  // At least `bytes` of an incomplete reply.
  static std::string details(std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += "1006-  BGP state:          Established\n";
    return text;
  }
  // Calls `action` every `interval` until it returns false.
  void repeat(std::chrono::milliseconds interval, std::function<bool()> action) {
    timer.expires_after(interval);
    timer.async_wait([this, interval, action](const boost::system::error_code& error) {
      if (!error && action()) repeat(interval, action);
    });
  }
  bool replied() {
    return runUntil(io, [this] { return reply.has_value(); });
  }

  asio::io_context io{1};
  std::string folder;
  ControlClient client{io};
  Local::socket bird{io};
  asio::steady_timer timer{io};
  std::optional<Result<Reply>> reply;
};

constexpr auto kTimeout = 100ms;
// Blocks the event loop, as a blocking handler or a stopped process or machine would.
void blockLoop() { std::this_thread::sleep_for(5 * kTimeout); }

}  // namespace

TEST_CASE("ControlClient.AReplyInTheSocketCounts_HoweverLateItIsRead", "[bird]") {
  Fixture fixture;
  fixture.command(kTimeout);
  fixture.write(Fixture::details(std::size_t{64} * 1024) + "0000 \n");  // several reads
  blockLoop();
  REQUIRE(fixture.replied());
  REQUIRE(fixture.reply->has_value());
  CHECK(fixture.client.isOpen());
}

TEST_CASE("ControlClient.AfterAPauseOfTheWholeMachine_BirdHasTimeToReply", "[bird]") {
  Fixture fixture;
  fixture.command(kTimeout);
  blockLoop();
  fixture.timer.expires_after(kTimeout / 5);
  fixture.timer.async_wait([&](const boost::system::error_code&) { fixture.write("0000 \n"); });
  REQUIRE(fixture.replied());
  CHECK(fixture.reply->has_value());
}

TEST_CASE("ControlClient.ALongReplyMayTakeLonger_AsLongAsBytesArrive", "[bird]") {
  Fixture fixture;
  const auto began = Clock::now();
  fixture.command(kTimeout);
  int pieces = 16;
  fixture.repeat(kTimeout / 5, [&] {
    fixture.write(Fixture::details(std::size_t{4} * 1024) + (pieces == 1 ? "0000 \n" : ""));
    return --pieces > 0;
  });
  REQUIRE(fixture.replied());
  CHECK(Clock::now() - began > 2 * kTimeout);
  REQUIRE(fixture.reply->has_value());
  CHECK((*fixture.reply)->lines.size() > 1000);
}

TEST_CASE("ControlClient.AReplyThatNeverEndsTimesOut", "[bird]") {
  Fixture fixture;
  fixture.command(10ms);
  fixture.repeat(1ms, [&] {
    boost::system::error_code closed;
    fixture.bird.send(asio::buffer(std::string("1006-x\n")), 0, closed);
    return !closed;
  });
  REQUIRE(fixture.replied());
  REQUIRE_FALSE(fixture.reply->has_value());
  CHECK(fixture.reply->error().kind == ErrorKind::Transient);
}

TEST_CASE("ControlClient.ASilentBirdTimesOut", "[bird]") {
  Fixture fixture;
  const auto began = Clock::now();
  fixture.command(kTimeout);
  REQUIRE(fixture.replied());
  CHECK(Clock::now() - began >= kTimeout);
  REQUIRE_FALSE(fixture.reply->has_value());
  CHECK(fixture.reply->error().kind == ErrorKind::Transient);
  CHECK(fixture.reply->error().message == "BIRD did not reply to show protocols all within 100 ms");
  CHECK_FALSE(fixture.client.isOpen());
}

TEST_CASE("ControlClient.ABirdThatClosesTheConnectionDoesNotTimeOut", "[bird]") {
  Fixture fixture;
  fixture.command(10s);
  fixture.bird.close();
  REQUIRE(fixture.replied());
  CHECK(fixture.reply->error().kind == ErrorKind::Unavailable);
}

TEST_CASE("ControlClient.ALimitShortensTheCurrentWait_AndLaterOnes", "[bird]") {
  Fixture fixture;
  fixture.command(10min);
  fixture.client.limitWaits(Clock::now() + 20ms);
  REQUIRE(fixture.replied());
  CHECK(fixture.reply->error().kind == ErrorKind::Transient);

  Fixture later;
  later.client.limitWaits(Clock::now() + 20ms);
  later.command(10min);
  REQUIRE(later.replied());
  CHECK(later.reply->error().kind == ErrorKind::Transient);
}
