#pragma once
// The port `Routing` on BIRD: a Publisher (what BIRD announces), a Supervisor (that BIRD runs), and
// the one coroutine that drives both. Everything else only sets what is wanted and wakes it.
//
// In the order of use:
//   BirdRouting routing(context, {...});
//   routing.setModel(model);       // before start, and again whenever it changes
//   routing.start();               // from now on a BIRD is adopted or started
//   routing.announce(...);         // everything that is known to be wanted, then
//   routing.routesComplete();      // once: before it, a BIRD that was adopted keeps what it has
//   co_await routing.stop(...);
// Destroying it leaves BIRD as it is; the next one adopts it.

#include "bird/options.hpp"
#include "bird/status.hpp"
#include "core/routing_config.hpp"
#include "io/task.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace bgplb::bird {

class BirdRouting final : public reconcile::Routing {
 public:
  BirdRouting(boost::asio::io_context& context, BirdOptions options);
  ~BirdRouting() override;
  BirdRouting(const BirdRouting&) = delete;
  BirdRouting& operator=(const BirdRouting&) = delete;

  // Called after BIRD has confirmed withdrawals: mayBeAnnounced() has become false for some prefix.
  // May call anything here.
  void onConfirmed(std::function<void()> callback);

  // Invalid: the model or the template cannot be rendered; the former model stays. If BIRD refuses
  // what was rendered, the former configuration stays in effect, and status().refused says so
  // later.
  Result<void> setModel(const core::RoutingConfig& model);
  void start();
  void routesComplete();

  void announce(const Prefix& prefix, const core::RouteAttributes& attributes = {}) override;
  void withdraw(const Prefix& prefix) override;
  bool mayBeAnnounced(const Prefix& prefix) const override;

  // Queried from BIRD, on a connection of its own. Unavailable: no BIRD answers.
  Task<Result<RoutingStatus>> status();

  // Returns when BIRD has been left as `mode` says, at the latest at `end`, whatever is under way
  // and whatever hangs. Nothing is supervised afterwards.
  Task<> stop(StopMode mode, std::chrono::steady_clock::time_point end);

 private:
  struct Driver;
  std::shared_ptr<Driver> driver_;
};

}  // namespace bgplb::bird
