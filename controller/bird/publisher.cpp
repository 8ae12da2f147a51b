#include "bird/publisher.hpp"

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "bird/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bgplb::bird {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto kRetry = 1s;  // a full disk, an unexpected reply
constexpr auto kStatusPauseMin = 2ms;
constexpr auto kStatusPauseMax = 50ms;
// A reconfiguration that begins sooner than this after the last one is paced.
constexpr auto kPacedWithin = 50ms;
constexpr auto kLongestPacing = 20ms;

}  // namespace

Publisher::Publisher(asio::io_context& context, const RunPaths& paths, Command command,
                     std::function<void()> onChange)
    : command_(std::move(command)), onChange_(std::move(onChange)), pause_(context), files_(paths) {
  unconfirmed_ = parseRoutes(files_.onDisk().vips4);
  unconfirmed_.merge(parseRoutes(files_.onDisk().vips6));
  if (hasFormerFiles()) former_ = files_.onDisk();
}

// ---- the desired state

bool Publisher::setMainFile(std::string text, std::uint32_t localAs) {
  wanted_.setLocalAs(localAs);
  if (main_ == text) return false;
  main_ = std::move(text);
  change();
  return true;
}

void Publisher::routesComplete() {
  routesComplete_ = true;
  former_.reset();
  formerWithdrawn_.clear();
  change();
}

void Publisher::announce(const Prefix& prefix, const core::RouteAttributes& attributes) {
  if (!wanted_.set(prefix, attributes)) return;
  unconfirmed_.erase(prefix);
  recoveringWithdrawn_.erase(prefix);
  change();
}

void Publisher::withdraw(const Prefix& prefix) {
  const bool former =
      former_ && unconfirmed_.contains(prefix) && formerWithdrawn_.insert(prefix).second;
  if (!wanted_.erase(prefix) && !former) return;
  unconfirmed_.insert(prefix);
  change();
}

bool Publisher::mayBeAnnounced(const Prefix& prefix) const {
  return anyMayBeHeld_ || wanted_.contains(prefix) || unconfirmed_.contains(prefix);
}

void Publisher::change() {
  dirty_ = true;
  retryAt_ = Clock::time_point{};
  onChange_();
}

FileSet Publisher::desiredFiles() {
  FileSet files;
  const bool refused = main_ == refusedMain_ && files_.confirmed().has_value();
  files.main = refused ? files_.confirmed()->main : main_;
  if (!routesComplete_) return files;
  const auto& routes = wanted_.files();
  files.vips4 = routes.vips4;
  files.vips6 = routes.vips6;
  return files;
}

FileSet Publisher::formerFiles() const {
  FileSet files = *former_;
  files.vips4 = withoutRoutes(files.vips4, formerWithdrawn_);
  files.vips6 = withoutRoutes(files.vips6, formerWithdrawn_);
  return files;
}

// ---- while BIRD runs

Publisher::Clock::time_point Publisher::due() const {
  const bool publishable = routesComplete_ || (former_ && !formerWithdrawn_.empty());
  if (!dirty_ || !publishable || main_.empty()) return Clock::time_point::max();
  return unconfirmed_.empty() ? std::max(retryAt_, notBefore_) : retryAt_;
}

void Publisher::retryLater(const std::string& problem) {
  problem_.report(problem);
  dirty_ = true;
  retryAt_ = Clock::now() + kRetry;
}

// A single change is published at once. When hundreds of changes follow each other (a host starts,
// a network fails), BIRD would read all routes again for each of them. The pause between two
// `configure` therefore doubles each time, beginning with the duration of one `configure`.
void Publisher::pace(Clock::time_point began) {
  const auto now = Clock::now();
  const bool paced = began - reconfiguredAt_ < kPacedWithin;
  pacing_ = paced ? std::min<Clock::duration>(std::max(2 * pacing_, now - began), kLongestPacing)
                  : Clock::duration{0};
  reconfiguredAt_ = now;
  notBefore_ = now + pacing_;
}

Task<bool> Publisher::publish() {
  dirty_ = false;
  const auto began = Clock::now();
  const auto wanted = routesComplete_ ? desiredFiles() : formerFiles();
  const auto withdrawn = routesComplete_ ? unconfirmed_ : formerWithdrawn_;  // not in `wanted`
  if (files_.areConfirmed(wanted)) {
    confirm(withdrawn);
    co_return false;
  }
  const bool newMain = wanted.main != files_.onDisk().main;
  if (const auto written = files_.write(wanted); !written) {
    retryLater(written.error().message);
    co_return false;
  }
  const auto reply = co_await command_("configure");
  if (!reply) co_return false;
  if (reply->code == kConfigurationRefused) {
    onRefused(reply->lastText());
    co_return false;
  }
  if (reply->code == kReconfiguring || reply->code == kReconfigureQueued) {
    const bool ended = co_await reconfigurationEnds();
    if (!ended) co_return false;
  } else if (reply->code != kReconfigured) {
    // Another program has requested BIRD's shutdown, or BIRD's command line is restricted.
    retryLater(fmt::format("configure: {}", reply->lastText()));
    co_return false;
  }
  files_.confirm();
  ++reconfigurations_;
  pace(began);
  problem_.resolve("BIRD accepts changes");
  if (newMain) {
    log::info("bird: new configuration in effect");
    if (wanted.main == main_) {
      refused_.clear();
      refusedMain_.clear();
    }
  }
  confirm(withdrawn);
  co_return newMain;
}

// Waits while BIRD is still stopping protocols. Another `configure` must not be sent before: more
// than two reconfigurations in progress abort BIRD 3 (conf/conf.c, obstacle counts).
Task<bool> Publisher::reconfigurationEnds() {
  Backoff pause(kStatusPauseMin, kStatusPauseMax);
  for (;;) {
    pause_.expires_after(pause.next());
    co_await pause_.async_wait(asTuple);
    const auto reply = co_await command_("configure status");
    if (!reply || reply->has(kShuttingDown)) co_return false;
    if (reply->has(kReconfigured)) co_return true;
  }
}

// The previous configuration stays in effect, in BIRD and on the disk. Routes must not wait until
// the main file is corrected: they are published with the last accepted main file.
void Publisher::onRefused(const std::string& reason) {
  refused_ = reason;
  problem_.report(
      fmt::format("BIRD refuses the configuration and keeps the former one: {}", reason));
  if (restoreMainFile()) {
    dirty_ = true;
  } else if (const auto restored = files_.restore(); !restored) {
    problem_.report(restored.error().message);
  }
}

// False: the refused main file is the last accepted one, or BIRD has not accepted any yet.
bool Publisher::restoreMainFile() {
  if (!files_.confirmed() || files_.onDisk().main == files_.confirmed()->main) return false;
  refusedMain_ = files_.onDisk().main;
  if (const auto restored = files_.restore(); !restored) problem_.report(restored.error().message);
  return true;
}

// BIRD no longer has these prefixes. During the graceful-restart recovery (RFC 4724) BIRD sends no
// withdrawals, and peers keep the routes, so the prefixes stay unconfirmed until the recovery ends.
void Publisher::confirm(const std::set<Prefix>& withdrawn) {
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

// ---- start and end of BIRD

bool Publisher::writeFiles() {
  former_.reset();  // the BIRD that had read these files has ended
  withdrawnInFiles_ = unconfirmed_;
  const auto wanted = desiredFiles();
  dirty_ = false;
  const auto written = files_.write(wanted);
  if (!written) problem_.report(written.error().message);
  return written.has_value();
}

void Publisher::noSessionIsUp() {
  recovering_ = false;
  confirm(withdrawnInFiles_);
  nothingElseIsHeld();
}

bool Publisher::refusedAtStart(const Error& reason) {
  if (reason.kind == ErrorKind::Invalid) {
    refused_ = reason.message;
    if (restoreMainFile()) return true;
  }
  refusedMain_.clear();
  return false;
}

void Publisher::started(bool recovering) {
  files_.confirm();
  problem_.resolve("BIRD has read its files");
  if (files_.onDisk().main == main_) refused_.clear();
  birdIsReady(recovering);
  confirm(withdrawnInFiles_);
}

void Publisher::adopted() { birdIsReady(true); }

void Publisher::birdIsReady(bool recovering) {
  recovering_ = recovering;
  if (!dirty_ && !files_.areConfirmed(desiredFiles())) dirty_ = true;
}

void Publisher::recoveryEnded() {
  recovering_ = false;
  confirm(std::exchange(recoveringWithdrawn_, {}));
  nothingElseIsHeld();
}

void Publisher::sessionsClosed() {
  wanted_.clear();
  recovering_ = false;
  const auto all = unconfirmed_;
  confirm(all);
  nothingElseIsHeld();
}

void Publisher::nothingElseIsHeld() {
  if (std::exchange(anyMayBeHeld_, false) && onConfirmed_) onConfirmed_();
}

}  // namespace bgplb::bird
