#include "bird/daemon.hpp"

#include "base/parse.hpp"
#include "bird/launch.hpp"
#include "bird/run_directory.hpp"
#include "io/descriptor.hpp"
#include "io/file.hpp"
#include "io/pidfd.hpp"
#include "io/scheduling.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace bgplb::bird {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kConnectStep = 2ms;  // BIRD needs a few milliseconds to create its socket
constexpr auto kKillTimeout = 2s;

// The glibc wrapper exists since 2.36; the system call also works with older headers.
void pidfdSendSignal(int pidfd, int number) {
  // Not checked: a process that has ended needs no signal. CAP_KILL allows the signal to another
  // user's process.
  (void)::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0);
}

}  // namespace

// Shared with the handler of its descriptor, which may still be queued when the Daemon is
// destroyed.
struct Daemon::Process {
  Process(asio::io_context& context, pid_t id, io::Descriptor fd)
      : pid(id), pidfd(context, fd.release()), gone(context) {}

  pid_t pid;
  asio::posix::stream_descriptor pidfd;
  asio::steady_timer gone;  // cancelled when the process has ended
  bool dead = false;
};

Daemon::Daemon(asio::io_context& context, std::string binary, RunPaths paths,
               std::function<void()> onExit)
    : context_(context),
      binary_(std::move(binary)),
      paths_(std::move(paths)),
      onExit_(std::move(onExit)),
      log_(context, paths_.log),
      control_(context) {}

Daemon::~Daemon() = default;

Result<void> Daemon::prepare() {
  if (auto prepared = prepareRunDirectory(paths_, birdUser()); !prepared) return prepared;
  return log_.open();
}

pid_t Daemon::pid() const { return process_ ? process_->pid : 0; }

void Daemon::signal(int number) {
  if (process_) pidfdSendSignal(process_->pidfd.native_handle(), number);
}

Result<void> Daemon::watch(pid_t pid) {
  if (process_ && process_->pid == pid) return {};
  auto pidfd = io::openPidfd(pid);
  if (!pidfd.isOpen()) {
    return unavailable(errno == ESRCH ? fmt::format("BIRD (pid {}) has ended", pid)
                                      : fmt::format("pidfd_open: {}", std::strerror(errno)));
  }
  process_ = std::make_shared<Process>(context_, pid, std::move(pidfd));
  io::runPromptly(pid);
  awaitEnd(process_);
  return {};
}

// The process is not a child of the controller: its pidfd becomes readable when it ends, but the
// exit status is not available.
void Daemon::awaitEnd(const std::shared_ptr<Process>& process) {
  const std::weak_ptr<Process> weak = process;
  process->pidfd.async_wait(asio::posix::stream_descriptor::wait_read,
                            [this, weak](const boost::system::error_code& error) {
                              const auto waited = weak.lock();
                              if (error || !waited) return;  // `this` may be destroyed, too
                              onReadable(waited);
                            });
}

void Daemon::onReadable(const std::shared_ptr<Process>& process) {
  // Asio may report a queued event of a closed descriptor for a new descriptor that reuses its
  // record, so check with poll(2) whether the process has ended.
  pollfd ended{process->pidfd.native_handle(), POLLIN, 0};
  if (::poll(&ended, 1, 0) != 1) {
    awaitEnd(process);
    return;
  }
  process->dead = true;
  process->gone.cancel();
  if (process_ != process) return;
  process_.reset();
  ::unlink(paths_.pid.c_str());
  control_.close();
  onExit_();
}

void Daemon::limitWaits(Clock::time_point end) {
  end_ = end;
  control_.limitWaits(end);
  if (process_) process_->gone.cancel();  // wakes exited(), which then uses the new limit
}

Task<bool> Daemon::exited(std::chrono::milliseconds timeout) {
  const auto process = process_;
  if (!process) co_return true;
  const auto until = Clock::now() + timeout;
  while (!process->dead) {
    const auto end = std::min<Clock::time_point>(until, end_);
    if (Clock::now() >= end) break;
    process->gone.expires_at(end);
    co_await process->gone.async_wait(asTuple);
  }
  co_return process->dead;
}

Task<> Daemon::kill() {
  signal(SIGKILL);
  const bool gone = co_await exited(kKillTimeout);
  control_.close();
  // A process that SIGKILL does not end is stuck in the kernel. It no longer sends anything, and
  // the next BIRD replaces its control socket.
  if (!gone) process_.reset();
}

// A compromised BIRD can replace its socket by a link to another socket, such as the plugin's. The
// process that listens there must not be mistaken for a hung BIRD and killed.
bool Daemon::listensAsBird() const {
  std::error_code ignored;
  const auto user = birdUser();
  const bool isLink = std::filesystem::is_symlink(paths_.control, ignored);
  return !user || !isLink || control_.listenerUser() == user->uid;
}

Task<Result<bool>> Daemon::adopt(std::chrono::milliseconds timeout) {
  const auto connected = co_await control_.connect(paths_.control, timeout);
  const auto listener = control_.listener();
  if (!listener || !listensAsBird()) {
    control_.close();
    co_return false;
  }
  const auto watched = watch(*listener);
  if (connected && watched) co_return true;
  if (watched && connected.error().kind == ErrorKind::Transient) co_return connected.error();
  co_return false;
}

// Kills a BIRD whose control socket was removed, for example by a program that cleans /run. That
// BIRD would keep its sessions and its port, so that a new BIRD could not listen.
Task<> Daemon::killStray() {
  const auto text = io::readFile(paths_.pid);
  if (!text) co_return;
  const auto pid = parseWhole<pid_t>(std::string_view(*text).substr(0, text->find('\n')), 2);
  if (!pid) co_return;
  auto commandLine = io::readFile(fmt::format("/proc/{}/cmdline", *pid));
  if (!commandLine) co_return;
  std::replace(commandLine->begin(), commandLine->end(), '\0', ' ');
  const std::array sockets{paths_.socket,
                           paths_.control};  // `control`: the socket of a BIRD that runs as root
  const bool isBird = std::any_of(sockets.begin(), sockets.end(), [&](const auto& socket) {
    return commandLine->find(" -s " + socket + " ") != std::string::npos;
  });
  if (isBird && watch(*pid)) co_await kill();
}

Task<Result<void>> Daemon::start(StartMode mode, std::chrono::milliseconds timeout) {
  co_await killStray();
  if (auto linked = linkControlSocket(paths_); !linked) co_return linked;
  auto standardError = log_.openForBird();
  if (!standardError) co_return standardError.error();
  std::vector<std::string> argv = {binary_, "-f", "-c", paths_.main, "-s", paths_.socket};
  if (mode == StartMode::Recover) argv.emplace_back("-R");
  log_.hold();
  const auto launched = launchDetached(argv, standardError->get(), birdUser());
  standardError->reset();
  if (!launched) {
    log_.release();
    co_return launched.error();
  }

  // The controller writes the file, so that BIRD cannot name another process in it. If the file is
  // missing, only a BIRD whose control socket was removed is not found again.
  (void)io::replaceFile(paths_.pid, fmt::format("{}\n", *launched), 0600);
  auto failure = unavailable("BIRD ended at once");
  if (watch(*launched)) {
    const auto until = Clock::now() + timeout;
    for (;;) {
      const auto now = Clock::now();
      if (now >= std::min<Clock::time_point>(until, end_)) break;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
      const auto connected = co_await control_.connect(paths_.control, left);
      if (connected && control_.listener() == *launched) {
        log_.release();
        co_return Result<void>{};
      }
      failure = connected ? conflict("another BIRD has the control socket") : connected.error();
      control_.close();
      if (co_await exited(kConnectStep)) break;
    }
  }
  co_await kill();
  const auto complaints = log_.takeComplaints();
  co_return complaints.empty() ? failure : Error{ErrorKind::Invalid, complaints};
}

}  // namespace bgplb::bird
