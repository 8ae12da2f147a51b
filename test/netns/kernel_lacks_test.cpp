// Prints what the kernel of this machine lacks, for the table of test/kernels:
//   test_netns Kernel.Lacks
#include "netns/netlink_world.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

using namespace bgplb::test;

namespace {

bool works(const std::string& command) { return tryShell(command).status == 0; }

bool hasCall(long result) { return result >= 0 || errno != ENOSYS; }

// CLOSE_RANGE_CLOEXEC on a range without open descriptors.
bool closesAtExec() {
  constexpr unsigned kFlag = 4;
  return syscall(SYS_close_range, 1'000'000U, 1'000'001U, kFlag) == 0;
}

// A process that is not real-time gets the slice that it requests (Linux 6.12).
bool takesSlices() {
  struct Attributes {
    unsigned size, policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
  } attributes{};
  attributes.size = sizeof attributes;
  attributes.runtime = 300'000;  // ns
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) return false;
  attributes.runtime = 0;
  const bool read = syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0;
  return read && attributes.runtime == 300'000;
}

}  // namespace

TEST_CASE("Kernel.Lacks", "[.probe]") {
  const ScopedNetns netns;
  std::vector<std::string> lacks;
  const auto expect = [&lacks](bool has, const char* what) {
    if (!has) lacks.emplace_back(what);
  };
  expect(hasIpv6(), "IPv6");
  expect(works("ip nexthop add id 1 blackhole"), "nexthop objects");
  expect(hasResilientGroups(), "resilient groups");
  expect(
      works("nft 'add table inet probe; add chain inet probe c; add rule inet probe c ct mark 1'"),
      "nf_tables with ct");
  expect(works("iptables-legacy -S"), "iptables-legacy");
  expect(hasCall(syscall(SYS_pidfd_getfd, -1, 0, 0)), "pidfd_getfd");
  expect(closesAtExec(), "CLOSE_RANGE_CLOEXEC");
  expect(takesSlices(), "scheduler slices");
  fmt::print("lacks: {}\n", lacks.empty() ? "nothing" : fmt::format("{}", fmt::join(lacks, ", ")));
}
