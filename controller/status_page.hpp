#pragma once
// GET /status: what is, as JSON. What is announced is what BIRD says it exports.

#include "bird/status.hpp"
#include "firewall/iptables.hpp"
#include "reconcile/reconciler.hpp"

#include <string>
#include <vector>

namespace bgplb {

struct StatusInputs {
  const reconcile::Reconciler& reconciler;
  const reconcile::Kernel& kernel;
  firewall::FirewallStatus firewall;
  const Result<bird::RoutingStatus>& bird;
  bool following;          // the engine's event stream stands
  std::string driverName;
  std::vector<std::string> notes;
};

std::string renderStatusPage(const StatusInputs& inputs);

}  // namespace bgplb
