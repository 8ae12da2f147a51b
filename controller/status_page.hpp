#pragma once
// Collects the content of GET /status (operator/status.hpp) from the components that only the
// composition root knows. Called by app.cpp. The announcements shown are the routes that BIRD
// reports as exported.

#include "bird/status.hpp"
#include "firewall/iptables.hpp"
#include "io/task.hpp"
#include "reconcile/reconciler.hpp"

#include <string>
#include <vector>

namespace bgplb {

struct StatusInputs {
  const reconcile::Reconciler& reconciler;
  const reconcile::Kernel& kernel;
  firewall::FirewallStatus firewall;
  Result<bird::RoutingStatus> bird;
  bool following;  // the event stream of the Docker API is open
  std::string driverName;
  std::vector<std::string> notes;
};

// The page as JSON. A withdrawal must not wait for a page with thousands of VIPs: the coroutine
// collects a few networks in each turn of the event loop, and another thread writes the JSON. The
// facts may change between two turns; the entries of one network always belong together.
// Transient: no thread could be started. Escapes problems and notes, which may quote other
// programs, so that the JSON is valid UTF-8. Names stay as Docker reports them.
Task<Result<std::string>> renderStatus(StatusInputs inputs);

}  // namespace bgplb
