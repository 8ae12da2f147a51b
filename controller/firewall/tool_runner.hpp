#pragma once
// Runs the packet filter programs (nft, iptables-nft-restore, ...), one at a time. Owned by
// Iptables, which shares it with its NftTables.
//
// A program can hang in uninterruptible sleep, where SIGKILL does not end it, if a lock of the
// packet filter is never released. Until that program has ended, no other one is started, because
// it would hang on the same lock. Thus at most one program is stuck.

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
  // The lock of iptables-legacy on the host (iptables(8), XTABLES_LOCKFILE). Inside a plugin, the
  // default path /run/xtables.lock is a file of the plugin, which dockerd does not lock.
  static constexpr const char* kHostLock = "/host/run/xtables.lock";

  // `onFree` is called on the event loop when a stuck program has ended.
  ToolRunner(std::chrono::milliseconds deadline, std::function<void()> onFree,
             std::string hostLock = kHostLock);

  // As io::run(). While a program is stuck: Transient, always with the same text.
  Task<Result<io::Finished>> run(std::vector<std::string> argv, std::string input);

  bool isStuck() const { return !state_->stuck.empty(); }

 private:
  // Shared with the reaper of a stuck program, which may outlive this object.
  struct State {
    std::function<void()> onFree;
    std::string stuck;  // the error returned while a program is stuck; empty: none is stuck
  };

  std::shared_ptr<void> token() const;

  std::chrono::milliseconds deadline_;
  std::string hostLock_;
  std::shared_ptr<State> state_;
};

}  // namespace bgplb::firewall
