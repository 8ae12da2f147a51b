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
// Without a controller, no process withdraws the VIP of a container that dies. PID 1 therefore
// replaces a controller that hangs, and ends BIRD after ORPHAN_TIME without a controller in charge.
//
// Signals are blocked and received with sigtimedwait(2), which avoids signal handlers and their
// races.
#include "base/capabilities.hpp"
#include "base/heartbeat.hpp"
#include "base/parse.hpp"
#include "init/controller_watch.hpp"
#include "init/restart_delay.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using bgplb::init::ControllerWatch;
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
constexpr int kCannotExecute = 127;  // exit status of a child whose exec(3) failed, as in a shell

// The read end of the heartbeat's pipe, and the controller that has the other end.
struct Controller {
  pid_t pid = 0;  // 0: none runs
  int heartbeat = -1;
};

[[noreturn]] void become(char* const argv[], const sigset_t& mask, int heartbeat) {
  char number[16];
  std::snprintf(number, sizeof number, "%d", heartbeat);
  fcntl(heartbeat, F_SETFD, 0);
  setenv(bgplb::heartbeat::kVariable, number, 1);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  execv(argv[0], argv);
  std::fprintf(stderr, "bgplb-init: cannot run %s: %s\n", argv[0], std::strerror(errno));
  _exit(kCannotExecute);
}

// Without a pipe (no free descriptor) the controller is not started: it could not be watched.
Controller start(char* const argv[], const sigset_t& mask) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    std::fprintf(stderr, "bgplb-init: pipe: %s\n", std::strerror(errno));
    return {};
  }
  const pid_t pid = fork();
  if (pid == 0) become(argv, mask, ends[1]);
  if (pid < 0) std::fprintf(stderr, "bgplb-init: fork: %s\n", std::strerror(errno));
  close(ends[1]);
  if (pid > 0) return {pid, ends[0]};
  close(ends[0]);
  return {};
}

void readHeartbeats(const Controller& controller, ControllerWatch& watch) {
  char bytes[64];
  ssize_t got = 0;
  while (controller.heartbeat >= 0 && (got = read(controller.heartbeat, bytes, sizeof bytes)) > 0) {
    for (const char byte : std::string_view(bytes, static_cast<std::size_t>(got))) {
      watch.heard(byte, Clock::now());
    }
  }
}

// The parent of a process, from /proc/PID/stat (proc(5)): the second field after the program's
// name, which may contain any character. 0: there is no such process.
pid_t parentOf(pid_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  char text[512];
  const ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  if (got <= 0) return 0;
  text[got] = '\0';
  const char* const name = std::strrchr(text, ')');
  int parent = 0;
  char state = 0;
  return name != nullptr && std::sscanf(name + 1, " %c %d", &state, &parent) == 2 ? parent : 0;
}

// The adopted children: BIRD, or nothing.
std::vector<pid_t> childrenBut(pid_t controller) {
  std::vector<pid_t> children;
  DIR* const proc = opendir("/proc");
  if (proc == nullptr) return children;
  while (const dirent* entry = readdir(proc)) {
    const auto pid = bgplb::parseWhole<pid_t>(entry->d_name, 1);
    if (pid && *pid != controller && parentOf(*pid) == getpid()) children.push_back(*pid);
  }
  closedir(proc);
  return children;
}

// BIRD closes its sessions on SIGTERM, and the routers withdraw its routes.
void endOrphans(pid_t controller) {
  for (const pid_t pid : childrenBut(controller)) {
    std::fprintf(stderr,
                 "bgplb-init: no controller is in charge, ending BIRD (pid %d): all routes of this "
                 "host are withdrawn\n",
                 pid);
    kill(pid, SIGTERM);
  }
}

// None: never. The controller refuses a wrong value, with which nothing is announced.
std::optional<std::chrono::seconds> orphanTime() {
  const char* const text = std::getenv("ORPHAN_TIME");
  if (text == nullptr) return bgplb::heartbeat::kOrphanTime;
  const auto seconds = bgplb::parseWhole<int>(text, 1);
  return seconds ? std::optional(std::chrono::seconds(*seconds)) : std::nullopt;
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

// For this process and all that it starts. A process of another user than root has no capabilities
// to give up.
void dropPrivileges() {
  using namespace bgplb::capabilities;
  // Passwords are in the memory. The limit is 1 byte, not 0: Linux starts the program of
  // core_pattern although the limit is 0, but not if it is 1 (fs/coredump.c), and it writes no file
  // that is shorter than a page.
  const rlimit noCore{1, 1};
  setrlimit(RLIMIT_CORE, &noCore);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (geteuid() != 0 || (limitBoundingSet(kPlugin) && limit(kPlugin, 0))) return;
  std::fprintf(stderr, "bgplb-init: cannot drop capabilities: %s\n", std::strerror(errno));
}

bool exitedWith(int code, int status) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

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
  dropPrivileges();
  sigset_t set;
  sigset_t original;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, &original);
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // adopt orphans even if this is not PID 1 (in a test)

  Controller controller;
  bgplb::init::RestartDelay delay;
  auto started = Clock::now();
  auto startAt = started;
  ControllerWatch watch(orphanTime(), started);
  bool orphaned = false;
  bool everRan = false;
  while (true) {
    if (Clock::now() >= startAt) {
      started = Clock::now();
      controller = start(argv + 1, original);
      startAt = controller.pid > 0 ? kNever : started + kForkRetry;
      if (controller.pid > 0) watch.started(started);
    }
    const int signal = waitForSignal(set, std::min(startAt, Clock::now() + ControllerWatch::kTick));
    if (signal == SIGTERM || signal == SIGINT) break;
    watch.tick(Clock::now());
    readHeartbeats(controller, watch);
    if (watch.hangs(Clock::now())) {
      std::fprintf(stderr, "bgplb-init: %s hangs, killing it (pid %d)\n", argv[1], controller.pid);
      kill(controller.pid, SIGKILL);
    }
    const auto status = reap(controller.pid);
    if (status) {
      const bool ran = !exitedWith(kCannotExecute, *status);
      // At the first start, the path is wrong, and the user must see it. Later, BIRD may run, and
      // its routes must not depend on a program that is missing for a moment.
      if (!ran && !everRan) return kCannotExecute;
      everRan = true;
      if (ran) reportDeath(argv[1], *status);
      close(controller.heartbeat);
      controller = {};
      watch.ended();
      const bool failed = !ran || exitedWith(bgplb::heartbeat::kCannotStartYet, *status);
      const auto lived = Clock::now() - started;
      startAt = Clock::now() + (failed ? delay.afterFailedStart() : delay.next(lived));
    }
    // Ends BIRD once, and again whenever a controller ends that was not in charge, because it may
    // have started BIRD.
    const bool wasOrphaned = std::exchange(orphaned, watch.isOrphaned(Clock::now()));
    if (orphaned && (!wasOrphaned || status)) endOrphans(controller.pid);
  }
  shutDown(controller.pid, set);
  return 0;
}
