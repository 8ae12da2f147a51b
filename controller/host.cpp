#include "host.hpp"

#include "io/file.hpp"

#include <algorithm>
#include <sstream>

namespace bgplb {

namespace {

constexpr std::string_view kPluginFolder = "/run/docker/plugins";

// The value of a sysctl with one digit; -1 if the sysctl does not exist.
int sysctl(const std::string& name) {
  const auto text = io::readFile("/proc/sys/" + name);
  return text && !text->empty() && text->front() >= '0' && text->front() <= '9'
             ? text->front() - '0'
             : -1;
}

}  // namespace

std::string ownPluginId() {
  const auto text = io::readFile("/proc/self/mountinfo");
  return text ? pluginIdFrom(*text) : "";
}

std::string pluginIdFrom(std::string_view mountinfo) {
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string mountId, parentId, device, root, mountPoint;
    fields >> mountId >> parentId >> device >> root >> mountPoint;
    if (mountPoint != kPluginFolder) continue;
    std::string id = root.substr(root.rfind('/') + 1);
    const bool hex = std::all_of(id.begin(), id.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (hex && id.size() == 64) return id;
  }
  return {};
}

std::string driverNameOfSocket(std::string_view socketPath) {
  std::string name(socketPath.substr(socketPath.rfind('/') + 1));
  if (name.ends_with(".sock")) name.resize(name.size() - 5);
  return name;
}

std::vector<std::string> forwardingProblems(bool ipv4Vips, bool ipv6Vips) {
  std::vector<std::string> problems;
  if (ipv4Vips && sysctl("net/ipv4/ip_forward") == 0) {
    problems.push_back(
        "IPv4 forwarding is off, no VIP can be reached from outside; run: sysctl "
        "-w net.ipv4.ip_forward=1");
  }
  if (ipv6Vips && sysctl("net/ipv6/conf/all/forwarding") == 0) {
    problems.push_back(
        "IPv6 forwarding is off, no IPv6 VIP can be reached from outside; run: "
        "sysctl -w net.ipv6.conf.all.forwarding=1");
  }
  if (ipv6Vips && sysctl("net/ipv6/conf/default/disable_ipv6") == 1) {
    problems.push_back(
        "IPv6 is off on new links, no IPv6 VIP can be served; run: sysctl -w "
        "net.ipv6.conf.default.disable_ipv6=0");
  }
  // The effective value of a link is the larger one of `all` and its own value, which is
  // initialised from `default`.
  const int inherited =
      std::max(sysctl("net/ipv4/conf/all/rp_filter"), sysctl("net/ipv4/conf/default/rp_filter"));
  if (ipv4Vips && inherited == 1) {
    problems.push_back(
        "reverse path filtering is strict (net.ipv4.conf.all or default.rp_filter=1): containers "
        "inherit it and drop packets to a VIP; run: sysctl -w net.ipv4.conf.all.rp_filter=2 "
        "net.ipv4.conf.default.rp_filter=2, or run containers with --sysctl "
        "net.ipv4.conf.all.rp_filter=2");
  }
  return problems;
}

}  // namespace bgplb
