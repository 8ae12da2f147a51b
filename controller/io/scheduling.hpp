#pragma once
// Processor time when it is due. What this program does for a change takes a millisecond, and BIRD's
// keepalives less; on a busy host both would wait for others many times as long (docs/decisions/
// 0008): a withdrawal comes late, and a session may be lost for nothing.

#include <sys/types.h>

namespace bgplb::io {

// Puts the calling thread ahead of everything with an ordinary schedule (SCHED_RR at the lowest
// priority, sched_setscheduler(2), CAP_SYS_NICE); the kernel still keeps a share of each processor
// for the others. Threads and programs it starts are ordinary again (SCHED_RESET_ON_FORK). Without
// the privilege: a short slice (sched_setattr(2), sched_runtime of SCHED_OTHER, Linux 6.12), which
// those inherit.
void runPromptly();

// The same for the main thread of another process; nothing without the privilege.
void runPromptly(pid_t pid);

}  // namespace bgplb::io
