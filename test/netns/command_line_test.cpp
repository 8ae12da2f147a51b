// With a wrong command line or path, the program ends with an exit status, never by a signal, and
// one line names the cause.
#include "io/file.hpp"
#include "netns/bird_lab.hpp"
#include "support/dockerd/child_process.hpp"
#include "support/dockerd/controller_process.hpp"
#include "support/eventually.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kEnd = 60s;  // with sanitizers, eleven programs take seconds to end

struct Row {
  std::string name;
  std::vector<std::string> arguments;
  std::string named;  // the cause: exactly one line of the output contains this text
  int lines = 0;      // maximum number of lines; 0: unlimited, because `bgplb run` logs
};

// The arguments of `bgplb run` with all options, in the test's folder. `changed` replaces or adds
// options.
std::vector<std::string> run(const bird_lab::TemporaryFolder& folder, const std::string& name,
                             const std::map<std::string, std::string>& changed) {
  std::map<std::string, std::string> options = {
      {"--socket", folder / (name + ".sock")},
      {"--run-dir", folder / (name + "-run")},
      {"--state-dir", folder / (name + "-state")},
      {"--bird", bird_lab::birdUnderTest()},
      {"--templates", PROJECT_SOURCE_DIR "/bird-templates"},
      {"--engine", folder / "docker.sock"},
      {"--driver-name", "bgplb"}};
  for (const auto& [option, value] : changed) options[option] = value;
  std::vector<std::string> words{"run"};
  for (const auto& [option, value] : options) {
    words.push_back(option);
    words.push_back(value);
  }
  return words;
}

std::vector<Row> rows(const bird_lab::TemporaryFolder& folder) {
  const std::string longPath = folder / std::string(110, 'x');
  const std::string file = folder / "file";
  std::ofstream(file) << "no socket\n";
  const std::string missing = folder / "missing";
  const auto with = [&folder](const char* option, const std::string& value) {
    return run(folder, option + 2, {{option, value}});
  };
  return {
      {"status-long", {"status", "--socket", longPath}, longPath, 1},
      {"status-missing", {"status", "--socket", missing}, missing, 1},
      {"status-file", {"status", "--socket", file}, file, 1},
      {"status-unknown", {"status", "--colour"}, "--colour", 2},
      {"no-command", {"dance"}, "subcommand", 2},
      {"run-unknown", with("--colour", "red"), "--colour", 2},
      {"run-socket-long", with("--socket", longPath), longPath},
      {"run-socket-folder", with("--socket", missing + "/a.sock"), missing},
      {"run-dir-long", with("--run-dir", longPath), longPath},
      {"run-engine-long", with("--engine", longPath), longPath},
      {"run-templates", with("--templates", missing), missing},
  };
}

// One run of the program.
class Attempt {
 public:
  Attempt(const bird_lab::TemporaryFolder& folder, Row row)
      : row_(std::move(row)), output_(folder / (row_.name + ".log")) {
    ChildOptions options;
    options.argv = {program()};
    options.argv.insert(options.argv.end(), row_.arguments.begin(), row_.arguments.end());
    options.environment = {{"ROUTER_ID", "10.77.0.1"},
                           {"LOCAL_AS", "65001"},
                           {"PEER_ADDRESS", "10.77.0.2"},
                           {"PEER_AS", "65002"},
                           {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    options.output = output_;
    child_ = std::make_unique<ChildProcess>(options);
  }

  // Waits for the end of the program and checks its exit status and output. Empty: correct.
  std::string problem() {
    const auto ending = child_->waitFor(kEnd);
    if (!ending) return "does not end";
    if (ending->bySignal) return fmt::format("ends by signal {}", ending->code);
    if (ending->code == 0) return "exit status 0";
    if (count("terminate called") > 0) return "terminate called";
    if (count(row_.named) != 1) return fmt::format("{} lines name it", count(row_.named));
    if (row_.lines > 0 && count("") > row_.lines) return "too many lines";
    return "";
  }
  std::string report() { return fmt::format("{}: {}\n{}", row_.name, problem(), text()); }

 private:
  std::string text() const {
    const auto read = io::readFile(output_);
    return read ? *read : "";
  }
  int count(const std::string& part) const {
    int found = 0;
    std::istringstream lines(text());
    for (std::string line; std::getline(lines, line);) {
      if (line.find(part) != std::string::npos) ++found;
    }
    return found;
  }

  Row row_;
  std::string output_;
  std::unique_ptr<ChildProcess> child_;
};

// Kills the BIRD processes that `bgplb run` left running. Destroyed after the controllers, which
// would otherwise restart BIRD.
struct Birds {
  ~Birds() {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      bird_lab::endProcess(bird_lab::pidIn(entry.path() / "bird.pid"));
    }
  }
  const bird_lab::TemporaryFolder& folder;
};

}  // namespace

TEST_CASE("CommandLine.ErrorsAreNamedAndReturnAnExitStatus", "[netns][dockerd]") {
  ScopedNetns netns;
  bird_lab::TemporaryFolder folder;
  const Birds birds{folder};
  std::vector<std::unique_ptr<Attempt>> attempts;
  for (const auto& row : rows(folder)) attempts.push_back(std::make_unique<Attempt>(folder, row));
  for (const auto& attempt : attempts) {
    const std::string report = attempt->report();
    INFO(report);
    CHECK(attempt->problem().empty());
  }
}
