// The command line: `bgplb run` is the plugin, every other subcommand is the operator's.

#include "app.hpp"
#include "cli/status.hpp"
#include "io/scheduling.hpp"
#include "settings/environment.hpp"
#include "version.hpp"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int run(const bgplb::RunOptions& options) {
  const auto outcome = bgplb::settings::readEnvironment(environment);
  bgplb::log::start(outcome.settings.logLevel);
  int code = 0;
  if (outcome.problems.empty()) {
    bgplb::io::runPromptly();
    boost::asio::io_context io(1);
    bgplb::App app(io, outcome.settings, options);
    code = app.run();
  } else {
    for (const auto& problem : outcome.problems) bgplb::log::error("setting {}", problem);
    bgplb::log::error("nothing is started with wrong settings: change them (docker plugin set) and "
                      "enable the plugin");
    code = bgplb::idleAfterProblems();
  }
  bgplb::log::stop();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"Virtual IPs for Docker containers, announced over BGP while they are healthy"};
  program.require_subcommand(1);
  program.set_version_flag("--version", std::string("bgplb ") + bgplb::kVersion);

  bgplb::RunOptions options;
  auto* runCommand = program.add_subcommand("run", "The plugin: serves Docker, drives BIRD");
  runCommand->add_option("--socket", options.socket, "Plugin socket")->capture_default_str();
  runCommand->add_option("--run-dir", options.runDir, "BIRD's files and sockets")
      ->capture_default_str();
  runCommand->add_option("--state-dir", options.stateDir, "What must outlive a restart")
      ->capture_default_str();
  runCommand->add_option("--bird", options.birdBinary, "BIRD")->capture_default_str();
  runCommand->add_option("--templates", options.templates, "Folder of bird.conf.mustache")
      ->capture_default_str();
  runCommand->add_option("--engine", options.engineSocket, "Docker's socket")
      ->capture_default_str();
  runCommand->add_option("--driver-name", options.driverName,
                         "Driver name in `docker network ls`; asked of Docker if not given");

  std::string socket;
  bool json = false;
  auto* statusCommand =
      program.add_subcommand("status", "Peers, VIPs, backends, and what BIRD exports");
  statusCommand->add_option("--socket", socket, "Plugin socket; searched if not given");
  statusCommand->add_flag("--json", json, "For programs");

  CLI11_PARSE(program, argc, argv);
  if (*runCommand) return run(options);
  return bgplb::cli::runStatus(socket, json);
}
