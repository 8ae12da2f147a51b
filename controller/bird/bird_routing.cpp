#include "bird/bird_routing.hpp"

#include "bird/routing_loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace bgplb::bird {

BirdRouting::BirdRouting(boost::asio::io_context& context, BirdOptions options)
    : loop_(std::make_shared<RoutingLoop>(context, std::move(options))) {}

// The coroutine holds the loop as well, and ends at its next step.
BirdRouting::~BirdRouting() { loop_->abandon(); }

void BirdRouting::onConfirmed(std::function<void()> callback) {
  loop_->onConfirmed(std::move(callback));
}

Result<void> BirdRouting::setModel(const core::BirdModel& model) { return loop_->setModel(model); }
void BirdRouting::start() { RoutingLoop::start(loop_); }
void BirdRouting::routesComplete() { loop_->routesComplete(); }
void BirdRouting::announce(const Prefix& prefix, std::optional<core::LinkBandwidth> bandwidth) {
  loop_->announce(prefix, bandwidth);
}
void BirdRouting::withdraw(const Prefix& prefix) { loop_->withdraw(prefix); }
bool BirdRouting::mayBeAnnounced(const Prefix& prefix) const {
  return loop_->mayBeAnnounced(prefix);
}

Task<Result<RoutingStatus>> BirdRouting::status() { return RoutingLoop::status(loop_); }
Task<> BirdRouting::stop(StopMode mode) { return RoutingLoop::stop(loop_, mode); }

}  // namespace bgplb::bird
