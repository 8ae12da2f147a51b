#pragma once
// Keeps the descriptors of this process from a program that it starts. Called between fork(2) and
// exec(3), where another thread of the process may hold any lock: uses only async-signal-safe
// calls.

namespace bgplb::io {

// Marks all descriptors but the standard ones close-on-exec. False: errno has the cause.
bool closeAtExec();

}  // namespace bgplb::io
