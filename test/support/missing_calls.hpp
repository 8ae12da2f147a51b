#pragma once
// Simulates an older kernel: runs a function while chosen system calls fail (seccomp(2)).

#include "support/catch.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace bgplb::test {

struct MissingCall {
  int number;  // SYS_...
  int error;   // ENOSYS, or EINVAL for a call without a flag that was added later
};

// Runs `work` in a thread of its own, because a filter cannot be removed from a thread. The
// processes that `work` starts inherit the filter.
inline void withoutCalls(const std::vector<MissingCall>& missing,
                         const std::function<void()>& work) {
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const auto& call : missing) {
    program.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call.number), 0, 1));
    program.push_back(
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(call.error)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  bool filtered = false;
  std::exception_ptr failure;
  std::thread([&] {
    filtered = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
    try {
      if (filtered) work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  REQUIRE(filtered);
}

}  // namespace bgplb::test
