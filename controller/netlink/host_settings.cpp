#include "netlink/host_settings.hpp"

#include "base/log.hpp"
#include "io/file.hpp"
#include "netlink/link_codec.hpp"
#include "netlink/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>

namespace bgplb::netlink {

namespace {

constexpr unsigned kStrict = 1;  // rp_filter
constexpr unsigned kLoose = 2;

Result<unsigned> reversePathFilter(Socket& socket, int ifIndex) {
  std::optional<unsigned> mode;
  const auto answered = socket.query(settingsGet(ifIndex), [&mode](const nlmsghdr& message) {
    mode = parseReversePathFilter(message);
  });
  if (!answered) return answered.error();
  if (!mode) return invalid("the kernel's reply lacks rp_filter");
  return *mode;
}

// Netlink does not offer all settings. In a managed plugin, /proc/sys is read-only and the host's
// /proc/sys/net is mounted at /host/proc/sys/net (plugin-rootfs/config.json).
bool write(const std::string& name, char value) {
  for (const char* folder : {"/host/proc/sys/", "/proc/sys/"}) {
    std::ofstream file(folder + name);
    if (file << value << '\n' << std::flush) return true;
  }
  return false;
}

}  // namespace

Result<bool> relaxReversePathFilter(Socket& socket, const Link& link) {
  const auto all = reversePathFilter(socket, kAllLinks);
  if (!all) return all.error();
  const auto fresh = reversePathFilter(socket, kNewLinks);
  if (!fresh) return fresh.error();
  const auto own = reversePathFilter(socket, link.index);
  if (!own) return own.error();
  if (std::max(*all, *own) == kStrict) {
    auto set = socket.request(linkSetReversePathFilter(link.index, kLoose));
    if (!set) return set.error();
    return true;
  }
  return *own == kLoose && (*all == kStrict || (*all == 0 && *fresh == kStrict));
}

Result<unsigned> containerReversePathFilter(Socket& socket, const Link& hostEnd) {
  std::optional<VethPeer> peer;
  const auto found = socket.query(
      linkGet(hostEnd.index), [&peer](const nlmsghdr& message) { peer = parseVethPeer(message); });
  if (!found) return found.error();
  if (!peer) return notFound("the other end is in the same network namespace");
  std::optional<unsigned> mode;
  const auto answered = socket.query(
      linkGet(peer->index, peer->netns),
      [&mode](const nlmsghdr& message) { mode = parseLinkReversePathFilter(message); });
  if (!answered) return answered.error();
  if (!mode) return notFound("the other end has no IPv4");
  return *mode;
}

Result<void> hashFlows(Family family) {
  const std::string name =
      fmt::format("net/{}/fib_multipath_hash_policy", family == Family::V4 ? "ipv4" : "ipv6");
  const auto policy = io::readFile("/proc/sys/" + name);
  if (!policy || !policy->starts_with('0')) return {};
  if (write(name, '1')) {
    log::info("sysctl -w {}=1", name);
    return {};
  }
  return invalid(
      fmt::format("IPv{}: all connections of one client go to one container; run: sysctl -w {}=1",
                  static_cast<int>(family), name));
}

bool refuseRouterAdvertisements(const std::string& link) {
  const std::string name = fmt::format("net/ipv6/conf/{}/accept_ra", link);
  const auto accepted = io::readFile("/proc/sys/" + name);
  return !accepted || accepted->starts_with('0') || write(name, '0');
}

}  // namespace bgplb::netlink
