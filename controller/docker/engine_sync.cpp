#include "docker/engine_sync.hpp"

#include "base/log.hpp"
#include "io/spawn.hpp"

#include <fmt/format.h>

namespace asio = boost::asio;

namespace bgplb::docker {

namespace {

using Clock = std::chrono::steady_clock;

// Each run of a health check causes several exec_* events; only the last one is needed.
// Docker matches every value as a prefix because health_status is one of them.
constexpr const char* kFilters =
    R"({"type":["container","network","service"],"event":["start","die","destroy","rename","kill",)"
    R"("pause","unpause","health_status","exec_die","create","connect","disconnect","update","remove"]})";

std::int64_t nanosecondsSince1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

std::string sinceParameter(std::int64_t nanoseconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return fmt::format("{}.{:09d}", nanoseconds / kSecond, nanoseconds % kSecond);
}

}  // namespace

EngineSync::EngineSync(asio::io_context& io, EngineClient& engine, reconcile::Loop& loop,
                       DialogueOptions options)
    : io_(io),
      engine_(engine),
      loop_(loop),
      dialogue_(loop.reconciler().facts(), loop.reconciler().policy(), std::move(options)),
      timer_(io) {}

void EngineSync::start() { io::spawn(io_.get_executor(), followForever(), "docker event stream"); }

// Each stream starts one nanosecond after the last event that was read, so that no event is lost
// and none is read twice.
Task<> EngineSync::followForever() {
  asio::steady_timer pause(io_);
  const std::int64_t begin = nanosecondsSince1970();
  while (true) {
    std::string since = sinceParameter(dialogue_.replaySince().value_or(begin));
    const auto answering = co_await engine_.ping();
    Error reason = answering ? unavailable("") : answering.error();
    if (answering) {
      std::string filters = kFilters;
      auto handler =
          std::function<void(std::string_view)>([this](std::string_view line) { onLine(line); });
      auto onSkipped =
          std::function<void()>([this] { apply(dialogue_.eventSkipped(Clock::now())); });
      reason = co_await engine_.follow(std::move(filters), std::move(since), std::move(handler),
                                       std::move(onSkipped));
    }
    apply(dialogue_.streamLost(reason, Clock::now()));
    pause.expires_after(reconnect_.next());
    co_await pause.async_wait(asTuple);
  }
}

void EngineSync::onLine(std::string_view line) {
  if (line.empty()) {  // the stream is connected
    reconnect_.reset();
    apply(dialogue_.streamConnected(Clock::now()));
    return;
  }
  const auto event = parseEvent(line);
  if (!event) {
    log::warning("docker: event ignored: {}", event.error().message);
    return;
  }
  log::debug("docker: event {} {} {}", event->type, event->action, event->id);
  apply(dialogue_.event(*event, Clock::now()));
}

Task<> EngineSync::ask(Call call) {
  std::string path = pathOf(call.question);
  const auto body = co_await engine_.get(std::move(path));
  const auto answer = body ? parseAnswer(call.question, *body) : Result<Answer>(body.error());
  apply(dialogue_.answered(call.number, answer, Clock::now()));
}

void EngineSync::apply(Reaction reaction) {
  auto& reconciler = loop_.reconciler();
  for (const auto& line : reaction.log) log::write(line.level, line.text);
  reconciler.touch(reaction.touched);
  if (reaction.listed) reconciler.touchAll(Clock::now());
  if (reaction.bridges) reconciler.touchBridges();
  if (reaction.firewall) reconciler.touchFirewall();
  for (const auto& id : reaction.bridgesOf) reconciler.touchBridgesOf(id);
  for (const auto& neighbor : reaction.neighbors) reconciler.primeNeighbor(neighbor);
  for (auto& call : reaction.calls) {
    io::spawn(io_.get_executor(), ask(std::move(call)), "Docker API query");
  }
  loop_.wake();
  arm();
}

void EngineSync::arm() {
  const auto due = dialogue_.due();
  if (due == armedFor_) return;
  armedFor_ = due;
  if (!due) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*due);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // cancelled, or set to another time
    armedFor_.reset();
    apply(dialogue_.timePassed(Clock::now()));
  });
}

}  // namespace bgplb::docker
