#pragma once
// The capabilities(7) of the plugin's processes (docs/decisions/0018). PID 1 limits itself and the
// controller (init/), and the controller limits BIRD (bird/user.hpp). Header-only because PID 1
// links no library. Uses only async-signal-safe calls: it also runs between fork(2) and exec(3).

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <initializer_list>

namespace bgplb::capabilities {

using Set = std::uint64_t;  // bit N is capability N

constexpr Set setOf(std::initializer_list<int> capabilities) {
  Set set = 0;
  for (const int capability : capabilities) set |= Set{1} << capability;
  return set;
}

// CAP_NET_RAW: iptables-legacy. CAP_SETPCAP: bounding set of BIRD. CAP_CHOWN, CAP_DAC_OVERRIDE,
// CAP_KILL, CAP_SETGID, CAP_SETUID: BIRD is another user. CAP_NET_BIND_SERVICE: passed to BIRD.
inline constexpr Set kPlugin =
    setOf({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW,
           CAP_SETGID, CAP_SETPCAP, CAP_SETUID, CAP_SYS_NICE});
// To listen on ROUTER_PORT=179.
inline constexpr Set kBird = setOf({CAP_NET_BIND_SERVICE});

namespace detail {

struct Words {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
};

}  // namespace detail

// The permitted set of the calling thread; empty if the kernel does not report it.
inline Set permitted() {
  detail::Words words;
  if (::syscall(SYS_capget, &words.header, words.data) != 0) return 0;
  return Set{words.data[1].permitted} << 32 | words.data[0].permitted;
}

// Removes all other capabilities from the bounding set (CAP_SETPCAP). False: errno has the cause.
inline bool limitBoundingSet(Set keep) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    const bool kept = (keep >> capability & 1) != 0;
    if (!kept && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return false;
  }
  return true;
}

// Sets the permitted and effective sets of the calling thread to `keep`, and its inheritable set to
// `inheritable`. Capabilities that are not permitted are left out. False: errno has the cause.
inline bool limit(Set keep, Set inheritable) {
  const Set had = permitted();
  detail::Words words;
  for (unsigned word = 0; word < _LINUX_CAPABILITY_U32S_3; ++word) {
    const auto part = [word](Set set) { return static_cast<std::uint32_t>(set >> (32 * word)); };
    words.data[word].permitted = part(keep & had);
    words.data[word].effective = part(keep & had);
    words.data[word].inheritable = part(inheritable & had);
  }
  return ::syscall(SYS_capset, &words.header, words.data) == 0;
}

// A program that the thread executes keeps the thread's inheritable capabilities, although its user
// is not root (ambient set). False: errno has the cause.
inline bool passInheritable() {
  detail::Words words;
  if (::syscall(SYS_capget, &words.header, words.data) != 0) return false;
  const Set set = Set{words.data[1].inheritable} << 32 | words.data[0].inheritable;
  for (int capability = 0; capability < 64; ++capability) {
    const bool passed = (set >> capability & 1) != 0;
    if (passed && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace bgplb::capabilities
