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

// Makes the calling thread, and the programs it starts from then on, wait less for a busy processor:
// they run for microseconds, but on Linux 6.6 and later whoever runs keeps the processor for its
// slice, about 3 ms, which is more than a whole announcement takes. A short slice of one's own
// (sched_setattr(2), sched_runtime of SCHED_OTHER, Linux 6.12) needs no privilege; older kernels
// ignore it.
void askForShortSlice();

}  // namespace bgplb
