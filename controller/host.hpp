#pragma once
// Reads properties of the host from files in /proc: the ID of this managed plugin, and kernel
// settings that the plugin cannot change. Called by app.cpp.

#include <string>
#include <string_view>
#include <vector>

namespace bgplb {

// The ID of this managed plugin; empty outside a managed plugin. dockerd mounts the host's
// /run/docker/plugins/<plugin id> to /run/docker/plugins in the plugin, which /proc/self/mountinfo
// (proc(5)) shows.
std::string ownPluginId();
std::string pluginIdFrom(std::string_view mountinfo);  // pure

// A v1 plugin's driver has the name of its socket: /run/docker/plugins/bgplb.sock -> bgplb.
std::string driverNameOfSocket(std::string_view socketPath);

// Checks that forwarding is on (sysctl net.ipv4.ip_forward, net.ipv6.conf.all.forwarding), that new
// links have IPv6 (net.ipv6.conf.default.disable_ipv6) and that containers do not inherit strict
// reverse path filtering. Returns one sentence per problem, with the command that fixes it. The
// plugin cannot fix them: its /proc/sys is read-only, and netlink has no request for these
// settings.
std::vector<std::string> forwardingProblems(bool ipv4Vips, bool ipv6Vips);

}  // namespace bgplb
