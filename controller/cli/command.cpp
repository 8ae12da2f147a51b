#include "cli/command.hpp"

#include "cli/output.hpp"

#include <CLI/CLI.hpp>

#include <sstream>

namespace bgplb::cli {

namespace {

// CLI11 also reports --help and --version as errors, with exit code 0.
int report(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    std::ostringstream text;
    program.exit(error, text, text);
    return print(text.str());
  }
  complain(std::string(error.what()) + " (bgplb --help shows the options)");
  return kUsage;
}

}  // namespace

int runProgram(const std::string& version, const std::vector<Command>& commands, int argc,
               char** argv) {
  CLI::App program{"Virtual IPs for Docker containers, announced over BGP while they are healthy"};
  program.require_subcommand(1);
  program.set_version_flag("--version", "bgplb " + version);
  std::function<int()> chosen;
  for (const auto& command : commands) {
    auto* options = program.add_subcommand(command.name, command.help);
    if (command.help.empty()) options->group("");  // CLI11 then does not list the command
    options->callback([&chosen, action = command.add(*options)] { chosen = action; });
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report(program, error);
  }
  return chosen();
}

}  // namespace bgplb::cli
