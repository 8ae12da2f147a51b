#include "support/dockerd/controller_process.hpp"

#include "io/file.hpp"
#include "support/dockerd/plugin_client.hpp"
#include "support/eventually.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace bgplb::test {

namespace {

constexpr std::chrono::seconds kStartDeadline{10};
constexpr int kReportLines = 40;
constexpr const char* kTemplates = PROJECT_SOURCE_DIR "/bird-templates";

std::string pathVariable() {
  const char* path = std::getenv("PATH");
  return std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin";
}

}  // namespace

std::string program() {
  const char* other = std::getenv("BGPLB_PROGRAM");
  return other == nullptr ? BGPLB_PROGRAM : other;
}

ControllerProcess::~ControllerProcess() {
  kill();
  bird_lab::endProcess(bird());
}

void ControllerProcess::launch() {
  const char* level = std::getenv("BGPLB_TEST_LOG");
  ChildOptions child;
  child.argv = {program(),       "run",
                "--socket",      pluginSocket(),
                "--run-dir",     folder_ / "run",
                "--state-dir",   folder_ / "state",
                "--bird",        bird_lab::birdUnderTest(),
                "--templates",   kTemplates,
                "--engine",      options_.engineSocket,
                "--driver-name", options_.driverName};
  if (options_.underPid1) child.argv.insert(child.argv.begin(), BGPLB_INIT_PROGRAM);
  child.environment = options_.settings;
  child.environment["PATH"] = pathVariable();
  child.environment["LOG_LEVEL"] = level == nullptr ? "info" : level;
  child.output = folder_ / "log";
  child.softFiles = options_.softFiles;
  child.hardFiles = options_.hardFiles;
  child_ = std::make_unique<ChildProcess>(child);
}

void ControllerProcess::awaitAnswer() {
  const auto answers = [this] {
    const auto answer = callPlugin(pluginSocket(), "Plugin.Activate", "", kStartDeadline);
    return (answer && answer->status == 200) || !isRunning();
  };
  if (!eventually(answers, kStartDeadline) || !isRunning()) {
    throw std::runtime_error("the controller does not start");  // logEnd() shows the reason
  }
}

void ControllerProcess::kill() {
  const pid_t controller = options_.underPid1 ? pid() : 0;
  child_.reset();
  bird_lab::endProcess(controller);
}

pid_t ControllerProcess::pid1() const {
  return child_ && options_.underPid1 ? child_->pid() : pid_t{0};
}

pid_t ControllerProcess::pid() const {
  if (!child_ || !options_.underPid1) return child_ ? child_->pid() : 0;
  const std::string parent = fmt::format(" {} ", child_->pid());
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto stat = io::readFile(entry.path() / "stat");  // PID (bgplb) STATE PARENT ...
    const auto at = stat ? stat->find(" (bgplb) ") : std::string::npos;
    if (at != std::string::npos && stat->find(parent, at) == at + 10) {
      return std::stoi(entry.path().filename());
    }
  }
  return 0;
}

pid_t ControllerProcess::bird() const { return bird_lab::pidIn(folder_ / "run/bird.pid"); }

std::string ControllerProcess::state() {
  if (!child_) return "killed by the test";
  const auto ending = child_->waitFor(std::chrono::milliseconds(0));
  if (!ending) return "running";
  return fmt::format("ended by {} {}", ending->bySignal ? "signal" : "exit status", ending->code);
}

std::string ControllerProcess::log() const {
  const auto text = io::readFile(folder_ / "log");
  return text ? *text : "";
}

std::string ControllerProcess::logEnd() const {
  const std::string all = log();
  std::size_t begin = all.size();
  for (int line = 0; line <= kReportLines && begin != std::string::npos && begin > 0; ++line) {
    begin = all.rfind('\n', begin - 1);
  }
  return all.substr(begin == std::string::npos ? 0 : begin);
}

std::string ControllerProcess::crashReport() const {
  const std::string all = log();
  std::size_t begin = std::string::npos;
  for (const char* report : {"ERROR: AddressSanitizer", "WARNING: ThreadSanitizer",
                             "runtime error:", "terminate called"}) {
    begin = std::min(begin, all.find(report));
  }
  if (begin == std::string::npos) return "";
  std::size_t end = begin;
  for (int line = 0; line < kReportLines && end != std::string::npos; ++line) {
    end = all.find('\n', end + 1);
  }
  return all.substr(begin, end - begin);
}

}  // namespace bgplb::test
