#pragma once
// What the host tells by files: which managed plugin we are, and settings we cannot change.

#include <string>
#include <string_view>
#include <vector>

namespace bgplb {

// dockerd mounts /run/docker/plugins/<plugin id> of the host on /run/docker/plugins in the plugin;
// /proc/self/mountinfo (proc(5)) shows it. Empty outside a managed plugin.
std::string ownPluginId();
std::string pluginIdFrom(std::string_view mountinfo);  // pure

// A v1 plugin's driver is named after its socket: /run/docker/plugins/bgplb.sock -> bgplb.
std::string driverNameOfSocket(std::string_view socketPath);

// Forwarding that is off (sysctl net.ipv4.ip_forward, net.ipv6.conf.all.forwarding) or strict
// reverse path filtering that containers inherit: a sentence each with the command that sets it.
// /proc/sys is read-only in a plugin, and netlink has no request for these.
std::vector<std::string> forwardingProblems(bool ipv4Vips, bool ipv6Vips);

}  // namespace bgplb
