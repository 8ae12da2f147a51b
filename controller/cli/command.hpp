#pragma once
// A subcommand of the program. main.cpp has the list of them; each one has a file of its own.

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bgplb::cli {

// Exit statuses besides 0; io::kInternalError (70) is an exception that nobody handled.
inline constexpr int kFailed = 1;  // the plugin does not answer, or its answer cannot be used
inline constexpr int kUsage = 2;   // the command line is wrong

struct Command {
  std::string name;
  std::string help;  // one line
  // Adds the options and returns what the command does: its value is the exit status.
  std::function<std::function<int()>(CLI::App& options)> add;
};

// Parses the command line and runs the command it names. Every failure is one line on standard
// error.
int runProgram(const std::string& version, const std::vector<Command>& commands, int argc,
               char** argv);

}  // namespace bgplb::cli
