#include "run_command.hpp"

#include "app.hpp"
#include "cli/output.hpp"
#include "hold_instance.hpp"
#include "io/file.hpp"
#include "io/limits.hpp"
#include "io/scheduling.hpp"
#include "io/spawn.hpp"
#include "io/unix_socket.hpp"
#include "settings/environment.hpp"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace bgplb {

namespace {

// BIRD's control socket, which has the longest name of the sockets in the run folder.
constexpr const char* kRunSocket = "/bird/bird.ctl";

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<void> checkPaths(const RunOptions& options) {
  for (const auto& path : {options.socket, options.engineSocket, options.runDir + kRunSocket}) {
    if (const auto endpoint = io::unixEndpoint(path); !endpoint) return endpoint.error();
  }
  const std::string text = options.templates + "/bird.conf.mustache";
  if (const auto readable = io::readFile(text); !readable) return readable.error();
  return {};
}

void raiseLimits() {
  if (const auto files = io::raiseOpenFiles()) {
    log::debug("open files: limit={} before={}", files->now, files->before);
  } else {
    log::warning("cannot raise the limit of open files: {}", files.error().message);
  }
}

int runWith(const settings::Settings& settings, const RunOptions& options) {
  raiseLimits();
  io::runPromptly();
  io::NameLock lock;
  if (!holdInstance(lock, settings, options)) return 0;
  boost::asio::io_context io(1);
  App app(io, settings, options);
  try {
    return app.run();
  } catch (...) {
    io::endProgram("bgplb run", std::current_exception());
  }
}

int run(const RunOptions& options) {
  io::protectMemory();
  if (const auto valid = checkPaths(options); !valid) {
    cli::complain(valid.error().message);
    return cli::kUsage;
  }
  const auto outcome = settings::readEnvironment(environment);
  log::start(outcome.settings.logLevel);
  int code = 0;
  if (outcome.problems.empty()) {
    code = runWith(outcome.settings, options);
  } else {
    for (const auto& problem : outcome.problems) log::error("setting {}", problem);
    log::error(
        "not starting with wrong settings: correct them (docker plugin set) and enable the "
        "plugin");
    code = idleAfterProblems();
  }
  log::stop();
  return code;
}

}  // namespace

cli::Command runCommand() {
  return {"run", "The plugin: serves dockerd's calls, controls BIRD", [](CLI::App& parser) {
            const auto options = std::make_shared<RunOptions>();
            const auto add = [&parser](const char* name, std::string& value, const char* help) {
              parser.add_option(name, value, help)->capture_default_str();
            };
            add("--socket", options->socket, "Plugin socket");
            add("--run-dir", options->runDir, "Folder of BIRD's files and sockets");
            add("--state-dir", options->stateDir, "Folder of files that survive a restart");
            add("--bird", options->birdBinary, "BIRD's program");
            add("--templates", options->templates, "Folder of bird.conf.mustache");
            add("--engine", options->engineSocket, "Docker's socket");
            parser.add_option("--driver-name", options->driverName,
                              "Driver name in `docker network ls`; default: queried from Docker");
            return std::function<int()>([options] { return run(*options); });
          }};
}

}  // namespace bgplb
