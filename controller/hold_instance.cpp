#include "hold_instance.hpp"

#include "docker/plugin_http.hpp"
#include "io/file.hpp"
#include "io/spawn.hpp"
#include "operator/status.hpp"
#include "version.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>

namespace asio = boost::asio;

namespace bgplb {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll{500};

class Waiting {
 public:
  Waiting(io::NameLock& lock, const settings::Settings& settings, const RunOptions& options)
      : lock_(lock),
        instance_(settings.instance),
        problem_(fmt::format(
            "another plugin on this host has INSTANCE={}; set another INSTANCE for this plugin "
            "(docker plugin set)",
            instance_.number())),
        options_(options),
        signals_(io_, SIGTERM, SIGINT),
        timer_(io_),
        heartbeat_(io_),
        kernel_(io_, nullptr, {.instance = instance_}),
        server_(
            io_, [this](http::Request request) { return answer(std::move(request)); },
            docker::pluginError) {}

  bool run() {
    std::signal(SIGPIPE, SIG_IGN);
    log::error("{}; until then this plugin refuses every call and changes nothing", problem_);
    if (const auto started = kernel_.start(); !started) {
      log::error("cannot start: {}", started.error().message);
    }
    if (const auto listening = server_.listen(options_.socket); !listening) {
      log::error("cannot start: {}", listening.error().message);
    }
    heartbeat_.start();
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) io_.stop();
    });
    io::spawn(io_.get_executor(), follow(), "instance");
    io_.run();
    server_.close();
    return taken_;
  }

 private:
  Task<> follow() {
    while (!taken_) {
      timer_.expires_after(kPoll);
      co_await timer_.async_wait(asTuple);
      if (!isFree()) {
        freeSince_.reset();
        continue;
      }
      const auto now = Clock::now();
      if (!freeSince_) freeSince_ = now;
      if (now - *freeSince_ < options_.headStart) continue;
      const auto held = lock_.take(instance_.lockName());
      taken_ = held || !isKind(held, ErrorKind::Conflict);
    }
    log::info("resolved: {}", problem_);
    io_.stop();
  }

  // Does not bind the name, because the plugin that had it could be starting at that moment.
  bool isFree() {
    if (holder_.isOpen() && !io::hasEnded(holder_)) return false;
    holder_ = io::connectToHolder(instance_.lockName());
    return !holder_.isOpen() && kernel_.ownLinks().empty();
  }

  Task<http::Answer> answer(http::Request request) {
    if (docker::isPluginCall(request.path)) {
      log::warning("{}: refused: {}", request.path, problem_);
      co_return docker::pluginError(503, problem_);
    }
    ops::StatusPage page;
    page.version = kVersion;
    page.driver = options_.driverName;
    page.bird.problem = "not started";
    page.notes.push_back(problem_);
    co_return http::Answer{200, ops::kJson, ops::renderStatusPage(page), {}};
  }

  io::NameLock& lock_;
  const core::Instance instance_;
  const std::string problem_;
  const RunOptions& options_;
  asio::io_context io_{1};
  asio::signal_set signals_;
  asio::steady_timer timer_;
  io::Heartbeat heartbeat_;
  netlink::RtnlKernel kernel_;
  http::UnixServer server_;
  io::Descriptor holder_;
  std::optional<Clock::time_point> freeSince_;
  bool taken_ = false;
};

}  // namespace

bool holdInstance(io::NameLock& lock, const settings::Settings& settings,
                  const RunOptions& options) {
  const std::string number = std::to_string(settings.instance.number());
  const std::string refusedFile = options.stateDir + "/refused-instance";
  const auto refused = io::readFile(refusedFile);
  if (!refused || *refused != number) {
    const auto taken = lock.take(settings.instance.lockName());
    if (taken) return true;
    if (!isKind(taken, ErrorKind::Conflict)) {
      log::warning("{}; whether another plugin has INSTANCE={} is unknown", taken.error().message,
                   number);
      return true;
    }
    std::error_code ignored;
    std::filesystem::create_directories(options.stateDir, ignored);
    if (const auto written = io::replaceFile(refusedFile, number, 0600); !written) {
      log::debug("{}", written.error().message);
    }
  }
  if (!Waiting(lock, settings, options).run()) return false;
  std::error_code ignored;
  std::filesystem::remove(refusedFile, ignored);
  return true;
}

}  // namespace bgplb
