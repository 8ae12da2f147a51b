#pragma once
// The BIRD process: adopts or starts it, watches it and ends it. Owns the control connection and
// the reader of BIRD's log. Supervisor decides when BIRD is started and ended. BIRD is not a child
// of the controller and outlives it; the next controller finds BIRD by its control socket.

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
  // `onExit` is called once for every adopted or started BIRD, when it has ended. Not called for
  // one that kill() could not end.
  Daemon(boost::asio::io_context& context, std::string binary, RunPaths paths,
         std::function<void()> onExit);
  ~Daemon();  // leaves BIRD running
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Creates the run directory, BIRD's directory in it, and the FIFO for BIRD's log.
  Result<void> prepare();

  // Connects to a running BIRD: true. False: no BIRD is reachable. Transient: a BIRD runs but sends
  // no greeting; it is watched, and can be killed.
  Task<Result<bool>> adopt(std::chrono::milliseconds timeout);
  // Starts BIRD and returns when it has read its configuration. On failure BIRD has been killed,
  // and the error contains the lines that BIRD logged, with kind Invalid.
  Task<Result<void>> start(StartMode mode, std::chrono::milliseconds timeout);
  // The controller is stopping: no wait, neither one in progress nor a later one, exceeds `end`.
  void limitWaits(std::chrono::steady_clock::time_point end);

  // Both alive and connected.
  bool isReady() const { return isAlive() && control_.isOpen(); }
  bool isAlive() const { return process_ != nullptr; }
  pid_t pid() const;
  ControlClient& control() { return control_; }
  const std::string& version() const { return control_.version(); }

  // Waits for the end of BIRD. False if BIRD still runs after `timeout`.
  Task<bool> exited(std::chrono::milliseconds timeout);
  // Sends SIGKILL and waits until BIRD has ended, for 2 s at most.
  Task<> kill();
  void signal(int number);

 private:
  struct Process;

  bool listensAsBird() const;
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
