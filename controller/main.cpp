// The command line: `bgplb run` is the plugin, every other subcommand is the operator's.

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
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error of write(2)
  try {
    return cli::runProgram(bgplb::kVersion, {bgplb::runCommand(), cli::statusCommand()}, argc,
                           argv);
  } catch (const std::exception& error) {
    cli::complain(error.what());
  } catch (...) {
    cli::complain("unknown exception");
  }
  return bgplb::io::kInternalError;
}
