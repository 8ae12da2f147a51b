#pragma once
// Running another program to its end: no shell, no inherited descriptors but the three standard
// ones, and of the environment only what finds programs (ours holds the peer's password).

#include "base/result.hpp"
#include "io/task.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace bgplb::io {

struct Command {
  std::vector<std::string> argv;  // argv[0]: a path, or a name that is looked up in PATH
  std::string input;              // its standard input
  // Then the program is killed (SIGKILL).
  std::chrono::milliseconds deadline{10000};
  // Kept until the program has ended and is reaped, which the kernel may delay without bound after
  // SIGKILL (uninterruptible sleep, state D): its last owner is told by the token's deleter.
  std::shared_ptr<void> untilEnded{};
};

struct Finished {
  int status = 0;  // of exit(3)
  std::string out;
  std::string err;
};

// Returns soon after the deadline, whatever the program does. NotFound: there is no such program.
// Invalid: it cannot be executed. Transient: it was killed, by the deadline or by somebody else.
// What the program itself reports is in Finished, whatever its status.
Task<Result<Finished>> run(Command command);

// The reason of a program that failed, as one line: its standard error, else its standard output,
// else its exit status.
std::string errorText(const Finished& finished);

// The path of a program: PATH, and then the system's usual folders, since a plugin's PATH may lack
// them. NotFound if it is in none.
Result<std::string> findProgram(const std::string& name);

}  // namespace bgplb::io
