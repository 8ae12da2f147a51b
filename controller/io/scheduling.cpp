#include "io/scheduling.hpp"

#include <cstdint>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bgplb::io {

namespace {

// struct sched_attr of linux/sched/types.h. This program defines the struct itself, because C
// libraries of different versions define it differently.
struct ScheduleAttributes {
  std::uint32_t size = sizeof(ScheduleAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 100'000;  // ns, the kernel's minimum
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

bool setRoundRobin(pid_t pid) {
  const sched_param lowest{.sched_priority = sched_get_priority_min(SCHED_RR)};
  return sched_setscheduler(pid, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0;
}

}  // namespace

void runPromptly() {
  if (setRoundRobin(0)) return;
  ScheduleAttributes attributes;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  syscall(SYS_sched_setattr, 0, &attributes, 0);  // optional: ignore a failure
}

void runPromptly(pid_t pid) { (void)setRoundRobin(pid); }

}  // namespace bgplb::io
