// PID 1 of the plugin: keeps the controller running, reaps everybody, and stays out of BIRD's life.
//
// Why it exists. Docker restarts a plugin only as a whole, and the end of a pid namespace's PID 1 kills all in it.
// Were the controller PID 1, its crash would take BIRD along, the sessions with it, and every VIP of this host. So the
// controller is an ordinary child here, and BIRD, which the controller double-forks, is adopted by us and becomes its
// sibling: it goes on announcing while the controller comes back. Hence no signals to BIRD before the very end,
// no process-group kill, no PDEATHSIG.
//
// Signals are blocked and taken by sigtimedwait, so there is no handler and nothing to race with.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kNever = Clock::time_point::max();
constexpr Clock::duration kLongLife = 5s;      // a controller that lived this long did not die of its start
constexpr Clock::duration kFirstDelay = 50ms;  // after the first restart, which is at once
constexpr Clock::duration kMaxDelay = 1s;
constexpr Clock::duration kControllerStop = 8s;  // dockerd sends SIGKILL 10 s after SIGTERM: 8 s for the controller,
constexpr Clock::duration kOthersStop = 1s;      // 1 s for BIRD (SIGTERM makes it close its sessions), 1 s to spare

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

// Reaps all that is dead; the controller's status if it was among them.
std::optional<int> reap(pid_t controller) {
    std::optional<int> result;
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == controller) result = status;
    return result;
}

bool childless() {
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

// The signal that came, or 0 at the deadline.
int wait_signal(const sigset_t& set, Clock::time_point deadline) {
    if (deadline == kNever) return std::max(sigwaitinfo(&set, nullptr), 0);
    const auto left = std::max<Clock::duration>(deadline - Clock::now(), 0ns);
    const timespec ts{.tv_sec = left / 1s, .tv_nsec = left % 1s / 1ns};
    return std::max(sigtimedwait(&set, nullptr, &ts), 0);
}

void shut_down(pid_t controller, const sigset_t& set) {
    if (controller > 0) kill(controller, SIGTERM);
    for (auto end = Clock::now() + kControllerStop; controller > 0 && Clock::now() < end; wait_signal(set, end))
        if (reap(controller)) break;
    // "Everybody but me" means our children only as PID 1 of a namespace; elsewhere (a test) it would be the machine.
    if (getpid() == 1) kill(-1, SIGTERM);
    for (auto end = Clock::now() + kOthersStop; Clock::now() < end; wait_signal(set, end)) {
        reap(0);
        if (childless()) return;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: bgplb-init PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    sigset_t set, original;
    sigemptyset(&set);
    for (int sig : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&set, sig);
    sigprocmask(SIG_BLOCK, &set, &original);
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // for tests, where we are not PID 1: orphans come to us there, too

    pid_t controller = 0;
    auto delay = Clock::duration::zero();
    auto started = Clock::now();
    auto start_at = started;
    for (;;) {
        if (Clock::now() >= start_at) {
            started = Clock::now();
            controller = start(argv + 1, original);
            start_at = controller > 0 ? kNever : started + kMaxDelay;
        }
        const int sig = wait_signal(set, start_at);
        if (sig == SIGTERM || sig == SIGINT) break;
        const auto status = reap(controller);
        if (!status) continue;
        std::fprintf(stderr, "bgplb-init: %s died (%s %d), restarting it\n", argv[1],
                     WIFSIGNALED(*status) ? "signal" : "exit code", WIFSIGNALED(*status) ? WTERMSIG(*status) : WEXITSTATUS(*status));
        controller = 0;
        // The first restart is at once, for without a controller nothing is withdrawn; a crash loop must not eat the host.
        if (Clock::now() - started >= kLongLife) delay = 0s;
        start_at = Clock::now() + delay;
        delay = std::clamp(delay * 2, kFirstDelay, kMaxDelay);
    }
    shut_down(controller, set);
    return 0;
}
