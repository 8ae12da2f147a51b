// PID 1 of the plugin: restarts the controller when it ends, reaps every process, and signals BIRD
// only at the end of its own shutdown. Docker starts it.
//
// Docker restarts a plugin only as a whole, and the end of a PID namespace's PID 1 kills all
// processes in the namespace. If the controller were PID 1, its crash would end BIRD, BIRD's
// sessions, and the announcement of every VIP of this host. The controller is therefore an ordinary
// child of this program. The controller double-forks BIRD, so PID 1 adopts BIRD, and BIRD keeps
// announcing while the controller is restarted. For the same reason this program uses neither a
// process-group kill nor PR_SET_PDEATHSIG.
//
// Signals are blocked and received with sigtimedwait(2), which avoids signal handlers and their
// races.
#include "init/restart_delay.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kNever = Clock::time_point::max();
constexpr Clock::duration kForkRetry = 1s;
// dockerd sends SIGKILL 10 s after SIGTERM. The controller has 8 s and must limit its own stop to
// less. Otherwise the SIGTERM of shutDown() makes BIRD withdraw the routes that should remain for a
// graceful restart.
constexpr Clock::duration kControllerStop = 8s;
// BIRD, which closes its sessions on SIGTERM, then has 1 s. This leaves 1 s in reserve.
constexpr Clock::duration kOthersStop = 1s;

pid_t start(char* const argv[], const sigset_t& mask) {
  const pid_t pid = fork();
  if (pid == 0) {
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    execv(argv[0], argv);
    std::fprintf(stderr, "bgplb-init: cannot run %s: %s\n", argv[0], std::strerror(errno));
    _exit(127);
  }
  if (pid < 0) std::fprintf(stderr, "bgplb-init: fork: %s\n", std::strerror(errno));
  return pid;
}

// Reaps every dead child. Returns the wait status of the controller if it was one of them.
std::optional<int> reap(pid_t controller) {
  std::optional<int> result;
  int status = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == controller) result = status;
  }
  return result;
}

bool isChildless() {
  siginfo_t info;
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

// Returns the received signal, or 0 at the deadline.
int waitForSignal(const sigset_t& set, Clock::time_point deadline) {
  if (deadline == kNever) return std::max(sigwaitinfo(&set, nullptr), 0);
  const auto left = std::max<Clock::duration>(deadline - Clock::now(), 0ns);
  const timespec time{.tv_sec = left / 1s, .tv_nsec = left % 1s / 1ns};
  return std::max(sigtimedwait(&set, nullptr, &time), 0);
}

void shutDown(pid_t controller, const sigset_t& set) {
  if (controller > 0) kill(controller, SIGTERM);
  const auto controllerEnd = Clock::now() + kControllerStop;
  while (controller > 0 && Clock::now() < controllerEnd) {
    if (reap(controller)) break;
    waitForSignal(set, controllerEnd);
  }
  // Signal all processes except this one. Do so only as PID 1 of a namespace: elsewhere (in a test)
  // this would signal every process of the machine.
  if (getpid() == 1) kill(-1, SIGTERM);
  const auto othersEnd = Clock::now() + kOthersStop;
  while (Clock::now() < othersEnd) {
    reap(0);
    if (isChildless()) return;
    waitForSignal(set, othersEnd);
  }
}

void reportDeath(const char* program, int status) {
  const bool killed = WIFSIGNALED(status);
  std::fprintf(stderr, "bgplb-init: %s died (%s %d), restarting it\n", program,
               killed ? "signal" : "exit code", killed ? WTERMSIG(status) : WEXITSTATUS(status));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bgplb-init PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  sigset_t set;
  sigset_t original;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, &original);
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // adopt orphans even if this is not PID 1 (in a test)

  pid_t controller = 0;
  bgplb::init::RestartDelay delay;
  auto started = Clock::now();
  auto startAt = started;
  while (true) {
    if (Clock::now() >= startAt) {
      started = Clock::now();
      controller = start(argv + 1, original);
      startAt = controller > 0 ? kNever : started + kForkRetry;
    }
    const int signal = waitForSignal(set, startAt);
    if (signal == SIGTERM || signal == SIGINT) break;
    const auto status = reap(controller);
    if (!status) continue;
    reportDeath(argv[1], *status);
    controller = 0;
    startAt = Clock::now() + delay.next(Clock::now() - started);
  }
  shutDown(controller, set);
  return 0;
}
