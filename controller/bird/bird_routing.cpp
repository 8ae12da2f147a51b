#include "bird/bird_routing.hpp"

#include "bird/publisher.hpp"
#include "bird/render.hpp"
#include "bird/status_query.hpp"
#include "bird/supervisor.hpp"
#include "io/file.hpp"
#include "io/spawn.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace bgplb::bird {

using Clock = std::chrono::steady_clock;

// The coroutines share ownership: the Driver lives until the last of them ends.
struct BirdRouting::Driver {
  Driver(boost::asio::io_context& io, BirdOptions given)
      : context(io),
        options(std::move(given)),
        paths(options.runDir),
        wakeUp(io),
        finished(io, Clock::time_point::max()),
        publisher(
            io, paths, [this](std::string line) { return supervisor.command(std::move(line)); },
            [this] { wake(); }),
        supervisor(io, options, paths, publisher, [this] { wake(); }) {}

  // No wake-up is lost while the coroutine does not sleep: it checks all conditions before it
  // sleeps.
  void wake() { wakeUp.cancel(); }
  Task<> sleepUntil(Clock::time_point time) {
    wakeUp.expires_at(time);
    co_await wakeUp.async_wait(asTuple);
  }

  static Task<> run(std::shared_ptr<Driver> self);
  Task<> step();
  static Task<Result<RoutingStatus>> status(std::shared_ptr<Driver> self);
  static Task<> stop(std::shared_ptr<Driver> self, StopMode mode, Clock::time_point end);

  boost::asio::io_context& context;
  BirdOptions options;
  std::optional<std::string> templateText;
  RunPaths paths;
  boost::asio::steady_timer wakeUp;
  boost::asio::steady_timer finished;  // expires when run() ends
  Publisher publisher;
  Supervisor supervisor;
  bool started = false;
  std::optional<StopMode> stopMode;
};

Task<> BirdRouting::Driver::run(std::shared_ptr<Driver> self) {
  while (!self->stopMode) co_await self->step();
  co_await self->supervisor.shutDown(*self->stopMode);
  self->finished.expires_at(Clock::time_point{});
}

Task<> BirdRouting::Driver::step() {
  if (!supervisor.isReady()) {
    const auto retryAt = co_await supervisor.bringUp();
    if (!supervisor.isReady() && !stopMode) co_await sleepUntil(retryAt);
    co_return;
  }
  auto& sessions = supervisor.sessions();
  const auto now = Clock::now();
  if (now >= publisher.due()) {
    const bool newMainFile = co_await publisher.publish();
    if (newMainFile) sessions.protocolsChanged();
  } else if (now >= sessions.due()) {
    co_await sessions.poll();
  } else {
    co_await sleepUntil(std::min(publisher.due(), sessions.due()));
  }
}

Task<Result<RoutingStatus>> BirdRouting::Driver::status(std::shared_ptr<Driver> self) {
  auto status = co_await queryStatus(self->context, self->paths.control);
  if (status) {
    status->refused = self->publisher.refused();
    status->reconfigurations = self->publisher.reconfigurations();
    co_return status;
  }
  const bool runs = self->supervisor.problem().empty();
  const auto& problem = runs ? self->publisher.problem() : self->supervisor.problem();
  co_return problem.empty() ? status.error() : unavailable(problem);
}

Task<> BirdRouting::Driver::stop(std::shared_ptr<Driver> self, StopMode mode,
                                 Clock::time_point end) {
  self->stopMode = mode;
  self->supervisor.beginStop(end);
  if (!std::exchange(self->started, true)) {
    co_await self->supervisor.shutDown(mode);
    co_return;
  }
  self->wake();
  co_await self->finished.async_wait(asTuple);
}

BirdRouting::BirdRouting(boost::asio::io_context& context, BirdOptions options)
    : driver_(std::make_shared<Driver>(context, std::move(options))) {}

// The coroutine also owns the Driver. It ends at its next step and leaves BIRD running.
BirdRouting::~BirdRouting() {
  driver_->publisher.onConfirmed(nullptr);
  if (!driver_->stopMode) driver_->stopMode = StopMode::LeaveRunning;
  driver_->wake();
}

void BirdRouting::onConfirmed(std::function<void()> callback) {
  driver_->publisher.onConfirmed(std::move(callback));
}

Result<void> BirdRouting::setModel(const core::RoutingConfig& model) {
  if (!driver_->templateText) {
    auto text = io::readFile(driver_->options.templatePath);
    if (!text) return text.error();
    driver_->templateText = std::move(*text);
  }
  auto rendered = renderMain(*driver_->templateText, model);
  if (!rendered) return rendered.error();
  driver_->supervisor.setTimers({model.holdTime, model.gracefulRestart, model.gracefulRestartTime});
  if (driver_->publisher.setMainFile(std::move(*rendered), model.localAs)) {
    driver_->supervisor.startAtOnce();
  }
  return {};
}

void BirdRouting::start() {
  if (std::exchange(driver_->started, true)) return;
  io::spawn(driver_->context.get_executor(), Driver::run(driver_), "bird");
}

void BirdRouting::routesComplete() { driver_->publisher.routesComplete(); }

void BirdRouting::announce(const Prefix& prefix, const core::RouteAttributes& attributes) {
  driver_->publisher.announce(prefix, attributes);
}

void BirdRouting::withdraw(const Prefix& prefix) { driver_->publisher.withdraw(prefix); }

bool BirdRouting::mayBeAnnounced(const Prefix& prefix) const {
  return driver_->publisher.mayBeAnnounced(prefix);
}

Task<Result<RoutingStatus>> BirdRouting::status() { return Driver::status(driver_); }

Task<> BirdRouting::stop(StopMode mode, Clock::time_point end) {
  return Driver::stop(driver_, mode, end);
}

}  // namespace bgplb::bird
