#pragma once
// The port `Routing` on BIRD.
//
// It holds the set of wanted prefixes. A change only marks it; one coroutine (RoutingLoop) renders,
// writes what differs, tells BIRD `configure` and waits for the outcome; what changes meanwhile
// goes together into the next. BIRD is supervised by the same coroutine: one that runs is adopted,
// one that dies is started again, one that hangs is replaced.
//
// In the order of use:
//   BirdRouting routing(context, {...});
//   routing.setModel(model);       // before start, and again whenever it changes
//   routing.start();               // from now on a BIRD is adopted or started
//   routing.announce(...);         // everything that is known to be wanted, then
//   routing.routesComplete();      // once: before it, a BIRD that was adopted keeps what it has
//   co_await routing.stop(...);
// Destroying it leaves BIRD as it is; another one adopts it.

#include "bird/status.hpp"
#include "core/bird_model.hpp"
#include "io/task.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace bgplb::bird {

struct BirdOptions {
  std::string birdBinary = "bird";  // a path, or a name searched in PATH
  std::string runDir;               // made if need be (0700); what BIRD and we share is in it
  std::string templatePath;         // bird.conf.mustache, read at each setModel()
  std::string sessionsFile;         // a RecoveryMark; bird.sessions in runDir if empty
};

enum class StopMode {
  Withdraw,         // sessions are closed with Cease, so that peers withdraw at once; BIRD ends
  GracefulRestart,  // BIRD ends without a word; peers keep the routes for a while (RFC 4724)
  LeaveRunning,     // BIRD goes on; the next run of this program adopts it
};

class RoutingLoop;

class BirdRouting final : public reconcile::Routing {
 public:
  BirdRouting(boost::asio::io_context& context, BirdOptions options);
  ~BirdRouting() override;
  BirdRouting(const BirdRouting&) = delete;
  BirdRouting& operator=(const BirdRouting&) = delete;

  // Called after BIRD has confirmed withdrawals: mayBeAnnounced() has become false for some prefix.
  // May call anything here.
  void onConfirmed(std::function<void()> callback);

  // Invalid: the model or the template cannot be rendered; the former model stays. That BIRD
  // refuses what was rendered is known later: status().refused, and the former configuration stays.
  Result<void> setModel(const core::BirdModel& model);
  void start();
  void routesComplete();

  void announce(const Prefix& prefix,
                std::optional<core::LinkBandwidth> bandwidth = std::nullopt) override;
  void withdraw(const Prefix& prefix) override;
  bool mayBeAnnounced(const Prefix& prefix) const override;

  // Asked of BIRD now, on a connection of its own. Unavailable: no BIRD answers.
  Task<Result<RoutingStatus>> status();

  // Returns when it is done; nothing is supervised afterwards.
  Task<> stop(StopMode mode);

 private:
  std::shared_ptr<RoutingLoop> loop_;
};

}  // namespace bgplb::bird
