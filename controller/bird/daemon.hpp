#pragma once
// The BIRD process: found or started, watched, ended. It is not our child and outlives this
// program; the next controller finds it by its control socket. Supervisor decides when it is
// started and ended.

#include "base/result.hpp"
#include "bird/bird_log.hpp"
#include "bird/control_client.hpp"
#include "bird/run_paths.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <sys/types.h>

namespace bgplb::bird {

enum class StartMode {
  Fresh,
  Recover,  // -R: the peers still hold our routes (RFC 4724)
};

class Daemon {
 public:
  // `onExit` is called once for every BIRD that was found or started, when it has ended.
  Daemon(boost::asio::io_context& context, std::string binary, RunPaths paths,
         std::function<void()> onExit);
  ~Daemon();  // leaves BIRD running
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Makes the run directory and the FIFO for BIRD's log.
  Result<void> prepare();

  // Connects to a BIRD that runs: true. Transient: one runs and does not greet; it is watched, and
  // can be killed.
  Task<Result<bool>> adopt(std::chrono::milliseconds timeout);
  // Starts one and returns when it has read its configuration. If it did not come so far, the error
  // is what BIRD logged; it has been killed then.
  Task<Result<void>> start(StartMode mode, std::chrono::milliseconds timeout);
  // The program is about to end: nothing below or under way waits beyond `end`.
  void limitWaits(std::chrono::steady_clock::time_point end);

  // Both alive and connected.
  bool isReady() const { return isAlive() && control_.isOpen(); }
  bool isAlive() const { return process_ != nullptr; }
  pid_t pid() const;
  ControlClient& control() { return control_; }
  const std::string& version() const { return control_.version(); }

  // False if it still runs after `timeout`.
  Task<bool> exited(std::chrono::milliseconds timeout);
  // SIGKILL, and waits until it has ended.
  Task<> kill();
  void signal(int number);

 private:
  struct Process;

  Result<void> watch(pid_t pid);
  void awaitEnd(const std::shared_ptr<Process>& process);
  void onReadable(const std::shared_ptr<Process>& process);
  Task<> killStray();

  boost::asio::io_context& context_;
  std::string binary_;
  RunPaths paths_;
  std::function<void()> onExit_;
  BirdLog log_;
  ControlClient control_;
  std::shared_ptr<Process> process_;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace bgplb::bird
