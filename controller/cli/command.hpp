#pragma once
// The subcommands of the program. main.cpp lists them and calls runProgram(). Each subcommand has
// its own file.

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bgplb::cli {

// Exit statuses other than 0. An unhandled exception exits with io::kInternalError (70).
inline constexpr int kFailed = 1;  // the plugin does not answer, or its answer is unusable
inline constexpr int kUsage = 2;   // the command line is wrong

struct Command {
  std::string name;
  std::string help;  // one line; empty: not for the operator, and not in the list of commands
  // Adds the command's options. Returns the function that runs the command and returns the exit
  // status.
  std::function<std::function<int()>(CLI::App& options)> add;
};

// Parses the command line, runs the named command and returns the exit status. Writes every failure
// as one line to standard error.
int runProgram(const std::string& version, const std::vector<Command>& commands, int argc,
               char** argv);

}  // namespace bgplb::cli
