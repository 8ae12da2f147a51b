#pragma once
// Running another program to its end: no shell, no inherited descriptors but the three standard
// ones, and of the environment only what finds programs (ours holds the peer's password).

#include "base/result.hpp"
#include "io/task.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bgplb::io {

struct Command {
  std::vector<std::string> argv;  // argv[0]: a path, or a name that is looked up in PATH
  std::string input;              // its standard input
  std::chrono::milliseconds deadline{10000};  // then it is killed
};

struct Finished {
  int status = 0;  // of exit(3)
  std::string out;
  std::string err;
};

// NotFound: there is no such program. Transient: it was killed, by the deadline or by another. What
// the program itself says is in Finished, whatever its status.
Task<Result<Finished>> run(Command command);

// The path of a program: PATH, and then the system's usual folders, since a plugin's PATH may lack
// them. NotFound if it is in none.
Result<std::string> findProgram(const std::string& name);

}  // namespace bgplb::io
