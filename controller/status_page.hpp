#pragma once
// Collects the content of GET /status (operator/status.hpp) from the components that only the
// composition root knows. Called by app.cpp. The announcements shown are the routes that BIRD
// reports as exported.

#include "bird/status.hpp"
#include "firewall/iptables.hpp"
#include "operator/status.hpp"
#include "reconcile/reconciler.hpp"

#include <string>
#include <vector>

namespace bgplb {

struct StatusInputs {
  const reconcile::Reconciler& reconciler;
  const reconcile::Kernel& kernel;
  firewall::FirewallStatus firewall;
  const Result<bird::RoutingStatus>& bird;
  bool following;  // the event stream of the Docker API is open
  std::string driverName;
  std::vector<std::string> notes;
};

// Escapes problems and notes, which may quote other programs, so that the JSON is valid UTF-8.
// Names stay as Docker reports them.
ops::StatusPage statusPage(const StatusInputs& inputs);

}  // namespace bgplb
