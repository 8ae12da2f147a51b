#pragma once
// The BIRD process: found or started, watched, ended. It is nobody's child and outlives this
// program; the next run finds it by its control socket. What it is told, and when it is started
// again, is decided by RoutingLoop.

#include "base/result.hpp"
#include "bird/bird_log.hpp"
#include "bird/control_client.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <sys/types.h>

namespace bgplb::bird {

// The files that are shared with BIRD, all in the run directory.
struct RunPaths {
  explicit RunPaths(const std::string& directory);

  std::string directory;
  std::string main;      // bird.conf
  std::string vips4;     // vips4.conf
  std::string vips6;     // vips6.conf
  std::string pending;   // bird.pending: the files hold what BIRD may not have read yet
  std::string control;   // bird.ctl
  std::string pid;       // bird.pid
  std::string log;       // bird.log, a FIFO
  std::string sessions;  // bird.sessions, a RecoveryMark
};

enum class StartMode {
  Fresh,
  Recover,  // -R: the peers still hold our routes (RFC 4724)
};

class Daemon {
 public:
  // `onExit` is called once for every BIRD that was found or started, when it has gone.
  Daemon(boost::asio::io_context& context, std::string binary, RunPaths paths,
         std::function<void()> onExit);
  ~Daemon();  // leaves BIRD running
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Makes the run directory and what else is needed to live with a BIRD.
  Result<void> prepare();

  // Connects to a BIRD that is there: true. One that is there and does not answer is killed.
  Task<Result<bool>> adopt(std::chrono::milliseconds deadline);
  // Starts one and returns when it has read its configuration. If it did not come so far, the error
  // has BIRD's own words; it is dead then.
  Task<Result<void>> start(StartMode mode, std::chrono::milliseconds deadline);

  // Both alive and connected.
  bool isReady() const { return isAlive() && control_.isOpen(); }
  bool isAlive() const { return process_ != nullptr; }
  pid_t pid() const;
  ControlClient& control() { return control_; }
  const std::string& version() const { return control_.version(); }

  // False if it is still there at the end of `patience`.
  Task<bool> exited(std::chrono::milliseconds patience);
  // SIGKILL, and waits until it is gone.
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
};

}  // namespace bgplb::bird
