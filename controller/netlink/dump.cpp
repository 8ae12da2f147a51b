#include "netlink/dump.hpp"

#include "netlink/requests.hpp"

namespace bgplb::netlink {

namespace {

// Few, because RefreshPacer waits longer before the next refresh the longer this one takes.
constexpr int kAttempts = 3;

Result<void> dump(Socket& socket, const Request& request, Mirror& mirror) {
  Changes ignored;
  Result<void> outcome;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // An interrupted dump may list objects that have since been removed. The notifications about
    // their removal remove them from the mirror later.
    outcome = socket.dump(request, [&](const nlmsghdr& message) {
      if (const auto found = parse(message)) mirror.fold(*found, ignored);
    });
    if (outcome || outcome.error().kind != ErrorKind::Transient) break;
  }
  return outcome;
}

}  // namespace

Result<Mirror> dumpAll(Socket& socket) {
  Mirror mirror;
  for (const Request& request :
       {linkDump(), addressDump(), neighDump(), forwardingDump(), nextHopDump(),
        routeDump(Family::V4), routeDump(Family::V6), ruleDump(Family::V4), ruleDump(Family::V6)}) {
    if (auto dumped = dump(socket, request, mirror); !dumped) {
      return dumped.error().within("netlink dump");
    }
  }
  return mirror;
}

}  // namespace bgplb::netlink
