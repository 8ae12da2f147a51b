#include "bird/routing_loop.hpp"

#include "base/log.hpp"
#include "bird/render.hpp"
#include "io/file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace bgplb::bird {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto kMinDeadline = 330ms;
constexpr auto kDeadlinePerRoute = 10us;  // BIRD reads 1,000 routes in 0.7 ms, and may be busy
constexpr auto kStatusPauseMin = 2ms;
constexpr auto kStatusPauseMax = 50ms;
// Reconfigurations that begin sooner than this after the last one crowd.
constexpr auto kCrowd = 50ms;
constexpr auto kLongestPacing = 20ms;

}  // namespace

RoutingLoop::RoutingLoop(asio::io_context& context, BirdOptions options)
    : context_(context),
      options_(std::move(options)),
      paths_(options_.runDir),
      daemon_(context, options_.birdBinary, paths_, [this] { onExit(); }),
      files_(paths_),
      stamp_(context.get_executor(),
             {.path = options_.sessionsFile.empty() ? paths_.sessions : options_.sessionsFile},
             [this](const Result<void>& saved) {
               if (!saved) complain(saved.error().message);
             }),
      wake_(context),
      pause_(context),
      finished_(context) {
  finished_.expires_at(Clock::time_point::max());
  // What a former run announced may still be announced.
  unconfirmed_ = parseRoutes(files_.onDisk().vips4);
  unconfirmed_.merge(parseRoutes(files_.onDisk().vips6));
  // The run directory goes with the plugin as a whole; what peers keep for us is not known then.
  anyMayBeHeld_ = files_.onDisk().main.empty() && stamp_.isOfThisBoot();
}

// ---- what is wanted

Result<void> RoutingLoop::setModel(const core::BirdModel& model) {
  const auto text = io::readFile(options_.templatePath);
  if (!text) return text.error();
  auto rendered = renderMain(*text, model);
  if (!rendered) return rendered.error();
  model_ = model;
  wanted_.setLocalAs(model.localAs);
  if (main_ == *rendered) return {};
  main_ = std::move(*rendered);
  retryAt_ = Clock::time_point{};  // what kept BIRD from starting may be gone
  change();
  return {};
}

void RoutingLoop::routesComplete() {
  routesComplete_ = true;
  change();
}

void RoutingLoop::announce(const Prefix& prefix, std::optional<core::LinkBandwidth> bandwidth) {
  if (!wanted_.set(prefix, bandwidth)) return;
  unconfirmed_.erase(prefix);
  recoveringWithdrawn_.erase(prefix);
  change();
}

void RoutingLoop::withdraw(const Prefix& prefix) {
  if (!wanted_.erase(prefix)) return;
  unconfirmed_.insert(prefix);
  change();
}

bool RoutingLoop::mayBeAnnounced(const Prefix& prefix) const {
  return anyMayBeHeld_ || wanted_.contains(prefix) || unconfirmed_.contains(prefix);
}

void RoutingLoop::abandon() {
  onConfirmed_ = nullptr;
  if (!stop_) stop_ = StopMode::LeaveRunning;
  wake();
}

void RoutingLoop::change() {
  dirty_ = true;
  wake();
}

// Nothing is lost when the coroutine does not sleep: it looks at every flag before it does.
void RoutingLoop::wake() { wake_.cancel(); }

Task<> RoutingLoop::sleepUntil(Clock::time_point time) {
  wake_.expires_at(time);
  co_await wake_.async_wait(asTuple);
}

FileSet RoutingLoop::desiredFiles() {
  FileSet files;
  const bool refused = main_ == refusedMain_ && files_.confirmed().has_value();
  files.main = refused ? files_.confirmed()->main : main_;
  if (!routesComplete_) return files;
  const auto& routes = wanted_.files();
  files.vips4 = routes.vips4;
  files.vips6 = routes.vips6;
  return files;
}

// BIRD has these no more. While it recovers it tells nobody: its peers keep what they had.
void RoutingLoop::confirm(const std::set<Prefix>& withdrawn) {
  if (recovering_) {
    for (const auto& prefix : withdrawn) {
      if (unconfirmed_.contains(prefix)) recoveringWithdrawn_.insert(prefix);
    }
    return;
  }
  std::size_t confirmed = 0;
  for (const auto& prefix : withdrawn) confirmed += unconfirmed_.erase(prefix);
  if (confirmed > 0 && onConfirmed_) onConfirmed_();
}

void RoutingLoop::nothingIsHeld() {
  if (std::exchange(anyMayBeHeld_, false) && onConfirmed_) onConfirmed_();
}

void RoutingLoop::complain(const std::string& trouble) {
  if (complaint_ == trouble) return;
  complaint_ = trouble;
  log::error("routing: {}", trouble);
}

// ---- the coroutine

void RoutingLoop::start(const std::shared_ptr<RoutingLoop>& self) {
  if (std::exchange(self->started_, true)) return;
  asio::co_spawn(self->context_, run(self), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

Task<> RoutingLoop::run(std::shared_ptr<RoutingLoop> self) {
  while (!self->stop_) {
    if (!self->daemon_.isReady()) {
      co_await self->bringUp();
    } else if (self->dirty_ && self->routesComplete_ && !self->main_.empty()) {
      // A withdrawal waits for nothing.
      if (Clock::now() < self->notBefore_ && self->unconfirmed_.empty()) {
        co_await self->sleepUntil(self->notBefore_);
      } else {
        co_await self->reconfigure();
      }
    } else if (Clock::now() >= self->lookAt_) {
      co_await self->look();
    } else {
      co_await self->sleepUntil(self->lookAt_);
    }
  }
  co_await self->shutDown();
  self->finished_.expires_at(Clock::time_point{});
}

Task<> RoutingLoop::stop(std::shared_ptr<RoutingLoop> self, StopMode mode) {
  self->stop_ = mode;
  if (!std::exchange(self->started_, true)) {
    co_await self->shutDown();
    co_return;
  }
  self->wake();
  co_await self->finished_.async_wait(asTuple);
}

// ---- BIRD is there: changes

std::chrono::milliseconds RoutingLoop::deadline() const {
  // A BIRD that does not answer does not send keepalives either. It is replaced within a third of
  // the hold time: a look at the latest after a ninth, its answer after another, one for the start.
  const auto ninth = model_ ? std::chrono::milliseconds(model_->holdTime) / 9 : kMinDeadline;
  const auto routes = static_cast<std::int64_t>(wanted_.size() + unconfirmed_.size());
  return std::max<std::chrono::milliseconds>(ninth, kMinDeadline) +
         std::chrono::duration_cast<std::chrono::milliseconds>(kDeadlinePerRoute * routes);
}

// An error: BIRD is gone, or hung and has been killed.
Task<Result<Reply>> RoutingLoop::command(std::string line) {
  auto reply = co_await daemon_.control().command(line, deadline());
  if (!reply && reply.error().kind == ErrorKind::Transient) {
    log::error("routing: {}: BIRD hangs, killing it (pid {})", reply.error().message,
               daemon_.pid());
    co_await daemon_.kill();
  }
  co_return reply;
}

// A change by itself goes out at once. Of hundreds that come one by one (a host starts, a network
// fails) each would have BIRD read all routes again: the pause between two grows from what one takes.
void RoutingLoop::pace(Clock::time_point began) {
  const auto now = Clock::now();
  const bool crowded = began - reconfiguredAt_ < kCrowd;
  pacing_ = crowded ? std::min<Clock::duration>(std::max(2 * pacing_, now - began), kLongestPacing)
                    : Clock::duration{0};
  reconfiguredAt_ = now;
  notBefore_ = now + pacing_;
}

Task<> RoutingLoop::reconfigure() {
  dirty_ = false;
  const auto began = Clock::now();
  const auto wanted = desiredFiles();
  const auto withdrawn = unconfirmed_;  // `wanted` has none of them
  if (files_.areConfirmed(wanted)) {
    confirm(withdrawn);
    co_return;
  }
  const bool newMain = wanted.main != files_.onDisk().main;
  if (const auto written = files_.write(wanted); !written) {
    complain(written.error().message);
    dirty_ = true;
    co_await sleepUntil(Clock::now() + kWriteRetry);
    co_return;
  }
  const auto reply = co_await command("configure");
  if (!reply) co_return;
  if (reply->code == kConfigurationRefused) {
    onRefused(reply->lastText());
    co_return;
  }
  if (reply->code == kReconfiguring || reply->code == kReconfigureQueued) {
    const bool ended = co_await reconfigurationEnds();
    if (!ended) co_return;
  } else if (reply->code != kReconfigured) {
    // Shutting down at another's wish, or restricted. What comes next is seen at the socket.
    complain(fmt::format("configure: {}", reply->lastText()));
    dirty_ = true;
    co_await sleepUntil(Clock::now() + kWriteRetry);
    co_return;
  }
  files_.confirm();
  ++reconfigurations_;
  pace(began);
  if (!std::exchange(complaint_, {}).empty()) log::info("routing: BIRD takes changes again");
  if (newMain) {
    log::info("routing: BIRD has its new configuration");
    mainChangedAt_ = Clock::now();
    lookAt_ = mainChangedAt_;
    if (wanted.main == main_) {
      refused_.clear();
      refusedMain_.clear();
    }
  }
  confirm(withdrawn);
}

// BIRD is still stopping protocols. It must not be told anything new before that ends: more than
// two configurations in flight abort BIRD 3 (conf/conf.c, obstacle counts).
Task<bool> RoutingLoop::reconfigurationEnds() {
  std::chrono::milliseconds pause = kStatusPauseMin;
  for (;;) {
    pause_.expires_after(pause);
    co_await pause_.async_wait(asTuple);
    const auto reply = co_await command("configure status");
    if (!reply || reply->has(kShuttingDown)) co_return false;
    if (reply->has(kReconfigured)) co_return true;
    pause = std::min<std::chrono::milliseconds>(pause * 2, kStatusPauseMax);
  }
}

// The former configuration goes on, in BIRD and on the disk. Routes must not wait for a better one:
// they are tried again with the main file that BIRD took.
void RoutingLoop::onRefused(const std::string& words) {
  refused_ = words;
  complain(fmt::format("BIRD refuses the configuration and keeps the former one: {}", words));
  const bool mainIsNew = files_.confirmed() && files_.onDisk().main != files_.confirmed()->main;
  if (mainIsNew) {
    refusedMain_ = files_.onDisk().main;
    dirty_ = true;
  }
  if (const auto restored = files_.restore(); !restored) complain(restored.error().message);
}

}  // namespace bgplb::bird
