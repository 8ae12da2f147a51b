#pragma once
// Keeps the facts in step with dockerd: does the I/O for EngineDialogue, which makes the decisions.
// App owns the EngineSync. One coroutine reads the event stream and reconnects, one coroutine per
// query waits for the reply, and a timer calls the dialogue at its next deadline.

#include "base/backoff.hpp"
#include "docker/engine_client.hpp"
#include "docker/engine_dialogue.hpp"
#include "reconcile/loop.hpp"

#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <set>
#include <string>

namespace bgplb::docker {

class EngineSync {
 public:
  EngineSync(boost::asio::io_context& io, EngineClient& engine, reconcile::Loop& loop,
             DialogueOptions options);

  void start();
  bool following() const { return dialogue_.following(); }
  const std::string& driverName() const { return dialogue_.driverName(); }
  const std::set<std::string>& swarmNotes() const { return dialogue_.swarmNotes(); }

 private:
  Task<> followForever();
  void onLine(std::string_view line);
  Task<> ask(Call call);
  void apply(Reaction reaction);
  void arm();

  boost::asio::io_context& io_;
  EngineClient& engine_;
  reconcile::Loop& loop_;
  EngineDialogue dialogue_;
  Backoff reconnect_{std::chrono::milliseconds(100), std::chrono::milliseconds(2000)};
  boost::asio::steady_timer timer_;
  std::optional<core::TimePoint> armedFor_;
};

}  // namespace bgplb::docker
