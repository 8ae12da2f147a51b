#include "firewall/tool_runner.hpp"

#include <unistd.h>

#include <utility>

namespace bgplb::firewall {

ToolRunner::ToolRunner(std::chrono::milliseconds deadline, std::function<void()> onFree,
                       std::string hostLock)
    : deadline_(deadline),
      hostLock_(std::move(hostLock)),
      state_(std::make_shared<State>(State{std::move(onFree), {}})) {}

std::shared_ptr<void> ToolRunner::token() const {
  const auto onEnd = [weak = std::weak_ptr<State>(state_)](void*) {
    const auto state = weak.lock();
    if (!state || std::exchange(state->stuck, {}).empty()) return;
    if (state->onFree) state->onFree();
  };
  return {nullptr, onEnd};
}

Task<Result<io::Finished>> ToolRunner::run(std::vector<std::string> argv, std::string input) {
  if (isStuck()) co_return transient(state_->stuck);
  io::Command command;
  command.argv = std::move(argv);
  command.input = std::move(input);
  command.deadline = deadline_;
  // iptables-legacy cannot create the file on the read-only mount. If the file does not exist, no
  // program of the host has used iptables-legacy since the boot.
  if (access(hostLock_.c_str(), R_OK) == 0) {
    command.environment.push_back("XTABLES_LOCKFILE=" + hostLock_);
  }
  command.untilEnded = token();
  const std::weak_ptr<void> running = command.untilEnded;
  auto finished = co_await io::run(std::move(command));
  if (finished || running.expired()) co_return finished;
  state_->stuck = finished.error().message + ", so no other packet filter program is started";
  co_return transient(state_->stuck);
}

}  // namespace bgplb::firewall
