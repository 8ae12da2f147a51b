#pragma once
// Runs the packet filter's programs (nft, iptables-nft-restore, ...) for the firewall, which runs
// one at a time.
//
// The kernel may hold a program in uninterruptible sleep, where SIGKILL does not end it: a lock of
// the packet filter that is never released. While such a program has not ended, no other one is
// started, since it would get stuck behind the same lock: at most one is ever stuck.

#include "base/result.hpp"
#include "io/process.hpp"
#include "io/task.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bgplb::firewall {

class ToolRunner {
 public:
  // `onFree` is called, on the event loop, when the program that was stuck has ended.
  ToolRunner(std::chrono::milliseconds deadline, std::function<void()> onFree);

  // As io::run(). Transient, with the same text each time, while a program is stuck.
  Task<Result<io::Finished>> run(std::vector<std::string> argv, std::string input);

  bool isStuck() const { return !state_->stuck.empty(); }

 private:
  // The reaper of a stuck program may outlive this object.
  struct State {
    std::function<void()> onFree;
    std::string stuck;  // why no program is started; empty: none is stuck
  };

  std::shared_ptr<void> token() const;

  std::chrono::milliseconds deadline_;
  std::shared_ptr<State> state_;
};

}  // namespace bgplb::firewall
