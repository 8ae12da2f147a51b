#pragma once
// The kernel's clock since boot, for times in files: unlike the wall clock it is never set, and
// unlike the steady clock it means the same to the next process.

#include <chrono>
#include <string>

namespace bgplb::io {

// Distinguishes boots: CLOCK_BOOTTIME restarts at zero with each boot. Reads
// /proc/sys/kernel/random/boot_id; "unknown" if that file cannot be read.
std::string bootId();
std::chrono::milliseconds sinceBoot();  // CLOCK_BOOTTIME, which includes suspended time

}  // namespace bgplb::io
