#pragma once
// Runs another program to its end. Uses no shell. The program inherits only the three standard
// descriptors, and of the environment only PATH and LC_ALL, because the controller's environment
// contains the BGP password. Used by firewall/.

#include "base/result.hpp"
#include "io/task.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace bgplb::io {

struct Command {
  std::vector<std::string> argv;           // argv[0]: a path, or a name that is looked up in PATH
  std::string input;                       // the standard input of the program
  std::vector<std::string> environment{};  // NAME=value, in addition to PATH and LC_ALL
  // When it passes, the program is killed (SIGKILL).
  std::chrono::milliseconds deadline{10000};
  // Released when the program has ended and was reaped. After SIGKILL the kernel may delay the end
  // for an unlimited time (uninterruptible sleep, state D). The token's deleter can report the end.
  std::shared_ptr<void> untilEnded{};
};

struct Finished {
  int status = 0;  // of exit(3)
  std::string out;
  std::string err;
};

// Returns soon after the deadline even if the program cannot be killed. NotFound: the program does
// not exist. Invalid: it cannot be executed. Transient: it was killed, by the deadline or by
// another process. A program that exits by itself is a success, whatever its exit status.
Task<Result<Finished>> run(Command command);

// The error of a failed program as one line: its standard error, else its standard output, else its
// exit status.
std::string errorText(const Finished& finished);

// Searches a program in PATH, then in the usual system folders, because the PATH of a plugin may
// lack them. NotFound: it is in none of them.
Result<std::string> findProgram(const std::string& name);

}  // namespace bgplb::io
