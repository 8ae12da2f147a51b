#include "netlink/host_settings.hpp"

#include "base/log.hpp"
#include "io/file.hpp"
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

}  // namespace

Result<void> relaxReversePathFilter(Socket& socket, const Link& link) {
  const auto all = reversePathFilter(socket, kAllLinks);
  if (!all) return all.error();
  const auto own = reversePathFilter(socket, link.index);
  if (!own) return own.error();
  if (std::max(*all, *own) != kStrict) return {};
  return socket.request(linkSetReversePathFilter(link.index, kLoose));
}

// Netlink does not offer this setting. In a managed plugin, /proc/sys is read-only and the host's
// /proc/sys is mounted at /host/proc/sys (plugin-rootfs/config.json).
Result<void> hashFlows(Family family) {
  const std::string name =
      fmt::format("net/{}/fib_multipath_hash_policy", family == Family::V4 ? "ipv4" : "ipv6");
  const auto policy = io::readFile("/proc/sys/" + name);
  if (!policy || !policy->starts_with('0')) return {};
  for (const char* folder : {"/host/proc/sys/", "/proc/sys/"}) {
    std::ofstream file(folder + name);
    if (file << "1\n" << std::flush) {
      log::info("sysctl -w {}=1", name);
      return {};
    }
  }
  return invalid(fmt::format(
      "IPv{}: all connections of one client go to one container; set it: sysctl -w {}=1",
      static_cast<int>(family), name));
}

}  // namespace bgplb::netlink
