// The command line: `bgplb run` is the plugin, which runs `bgplb no-delay`; every other subcommand
// is a tool for the operator.

#include "no_delay_command.hpp"
#include "run_command.hpp"
#include "version.hpp"

#include "cli/output.hpp"
#include "cli/status.hpp"
#include "io/spawn.hpp"

#include <csignal>
#include <exception>

int main(int argc, char** argv) {
  namespace cli = bgplb::cli;
  cli::reserveStandardDescriptors();
  std::signal(SIGPIPE, SIG_IGN);  // write(2) reports a closed pipe as an error instead
  try {
    return cli::runProgram(bgplb::kVersion,
                           {bgplb::runCommand(), bgplb::noDelayCommand(), cli::statusCommand()},
                           argc, argv);
  } catch (const std::exception& error) {
    cli::complain(error.what());
  } catch (...) {
    cli::complain("unknown exception");
  }
  return bgplb::io::kInternalError;
}
