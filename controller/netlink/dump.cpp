#include "netlink/dump.hpp"

#include "netlink/requests.hpp"

namespace bgplb::netlink {

namespace {

constexpr int kAttempts = 3;  // the pause before the next dump grows with the duration of this one

Result<void> dump(Socket& socket, const Request& request, Mirror& mirror) {
  Changes ignored;
  Result<void> outcome;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // Objects that an interrupted dump listed and that were removed meanwhile: their notifications
    // remove them from the mirror.
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
       {linkDump(), addressDump(), neighDump(), nextHopDump(), routeDump(Family::V4),
        routeDump(Family::V6), ruleDump(Family::V4), ruleDump(Family::V6)}) {
    if (auto dumped = dump(socket, request, mirror); !dumped) {
      return dumped.error().within("netlink dump");
    }
  }
  return mirror;
}

}  // namespace bgplb::netlink
