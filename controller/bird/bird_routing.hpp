#pragma once
// Implements the port reconcile::Routing with BIRD. Owns a Publisher (decides what BIRD announces),
// a Supervisor (keeps BIRD running) and the only coroutine that drives both. All other functions
// set the desired state and wake the coroutine.
//
// The order of use:
//   BirdRouting routing(context, {...});
//   routing.setModel(model);       // before start(), and again whenever the model changes
//   routing.start();               // from now on a BIRD is adopted or started
//   routing.announce(...);         // for every desired prefix that is known
//   routing.routesComplete();      // once; until then an adopted BIRD keeps its routes, except
//                                  // withdrawn ones
//   co_await routing.stop(...);
// The destructor leaves BIRD running; the next controller adopts BIRD.

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

  // `callback` is called after BIRD has confirmed withdrawals: mayBeAnnounced() has become false
  // for at least one prefix. The callback may call any function of this class.
  void onConfirmed(std::function<void()> callback);

  // Reads the template at the first call; call it before the event loop runs, because a disk may
  // hang. Invalid: the model or the template cannot be rendered, and the previous model stays in
  // effect. An error of reading the template: the next call reads it again.
  // If BIRD refuses the rendered configuration, the previous configuration stays in effect, and
  // status().refused has BIRD's reason.
  Result<void> setModel(const core::RoutingConfig& model);
  void start();
  void routesComplete();

  void announce(const Prefix& prefix, const core::RouteAttributes& attributes = {}) override;
  void withdraw(const Prefix& prefix) override;
  bool mayBeAnnounced(const Prefix& prefix) const override;

  // Queries BIRD on a separate connection. Unavailable: no BIRD replies.
  Task<Result<RoutingStatus>> status();

  // Ends the supervision of BIRD and stops BIRD according to `mode`. Returns at `end` at the
  // latest, even if BIRD or a disk hangs.
  Task<> stop(StopMode mode, std::chrono::steady_clock::time_point end);

 private:
  struct Driver;
  std::shared_ptr<Driver> driver_;
};

}  // namespace bgplb::bird
