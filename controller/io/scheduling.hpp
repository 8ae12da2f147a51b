#pragma once
// Gives the controller and BIRD the CPU as soon as they need it. A change takes about 1 ms of CPU
// time in the controller, and BIRD's keepalives take less. On a busy host both would wait many
// times as long for other threads: withdrawals would be late, and sessions could be lost
// (docs/decisions/0008). Called by run_command.cpp for the controller and by bird/ for BIRD.

#include <sys/types.h>

namespace bgplb::io {

// Runs the calling thread before all threads with ordinary scheduling: SCHED_RR at the lowest
// priority (sched_setscheduler(2), CAP_SYS_NICE). The kernel still reserves a share of each CPU for
// the other threads. Threads and programs that it starts use ordinary scheduling
// (SCHED_RESET_ON_FORK). Without the privilege, the thread gets a short slice instead
// (sched_setattr(2), sched_runtime of SCHED_OTHER, Linux 6.12), which its threads and programs
// inherit.
void runPromptly();

// Does the same for the main thread of another process. Has no effect without the privilege.
void runPromptly(pid_t pid);

}  // namespace bgplb::io
