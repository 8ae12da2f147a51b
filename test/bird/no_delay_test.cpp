#include "bird/no_delay.hpp"

#include "bird/launch.hpp"
#include "bird/no_delay_runner.hpp"
#include "io/descriptor.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "support/catch.hpp"
#include "support/log_capture.hpp"
#include "support/missing_calls.hpp"
#include "support/privileges.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

// A TCP connection on the loopback interface. `bird` is BIRD's end; both have Nagle's algorithm.
struct Connection {
  Connection() {
    const io::Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener.get(), any, size) == 0);
    REQUIRE(::listen(listener.get(), 1) == 0);
    REQUIRE(::getsockname(listener.get(), any, &size) == 0);
    bird = io::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(bird.get(), any, size) == 0);
    peer = io::Descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(peer.isOpen());
  }
  bool hasNoDelay() const {
    int value = 0;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(bird.get(), IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
    return value != 0;
  }

  io::Descriptor bird;
  io::Descriptor peer;
};

// A process in the place of BIRD. Its standard error is the connection.
class Process {
 public:
  Process(const Connection& connection, const std::optional<bird::User>& user)
      : pid_(bird::launchDetached({"sleep", "60"}, connection.bird.get(), user).value()) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { ::kill(pid_, SIGKILL); }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

io::Finished runNoDelay(pid_t bird) {
  boost::asio::io_context io(1);
  std::optional<Result<io::Finished>> result;
  io::Command command{.argv = {BGPLB_PROGRAM, "no-delay", std::to_string(bird)}, .input = {}};
  boost::asio::co_spawn(io, io::run(std::move(command)),
                        [&](const std::exception_ptr&, Result<io::Finished> finished) {
                          result.emplace(std::move(finished));
                        });
  REQUIRE(runUntil(io, [&] { return result.has_value(); }));
  return result->value();
}

// Records its arguments, one line for each run.
class Recorder {
 public:
  explicit Recorder(const std::string& rest = "") {
    std::string pattern = std::filesystem::temp_directory_path() / "bgplb-no-delay-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
    std::ofstream(program()) << "#!/bin/sh\necho \"$@\" >>" << folder_ << "/runs\n" << rest << "\n";
    std::filesystem::permissions(program(), std::filesystem::perms::owner_all);
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() { std::filesystem::remove_all(folder_); }

  std::string program() const { return folder_ + "/bgplb"; }
  std::string runs() const {
    const auto text = io::readFile(folder_ + "/runs");
    return text ? *text : "";
  }

 private:
  std::string folder_;
};

bird::PeerStatus peer(const char* state, const char* since) {
  bird::PeerStatus made;
  made.name = "lb_peer_192_168_8_137";
  made.state = state;
  made.since = since;
  return made;
}

}  // namespace

TEST_CASE("NoDelay.IsUnavailableBeforeLinux5_6") {
  const io::Descriptor any(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(any.isOpen());
  withoutCalls({{SYS_pidfd_getfd, ENOSYS}}, [] {
    const auto set = bird::setNoDelay(getpid());
    REQUIRE(set.has_error());
    CHECK(set.error() == unavailable("pidfd_getfd: Function not implemented"));
  });
}

TEST_CASE("NoDelay.TheCommandSetsItForBirdsUser_WithoutCapSysPtrace") {
  if (!isRoot()) return;
  const Connection connection;
  const Process bird(connection, bird::kBirdUser);
  asTheController([&bird] {
    const auto set = bird::setNoDelay(bird.pid());  // root, which is another user
    REQUIRE(set.has_error());
    CHECK(set.error().message.find("ermi") != std::string::npos);  // Permission, not permitted
  });
  CHECK_FALSE(connection.hasNoDelay());
  asTheController([&bird] {
    const auto finished = runNoDelay(bird.pid());
    CHECK(finished.status == 0);
    CHECK(finished.err == "");
  });
  CHECK(connection.hasNoDelay());
}

TEST_CASE("NoDelay.TheCommandSetsItForABirdOfTheSameUser") {
  const Connection connection;
  const Process bird(connection, {});
  const auto finished = runNoDelay(bird.pid());
  CHECK(finished.status == 0);
  CHECK(finished.err == "");
  CHECK(connection.hasNoDelay());
}

TEST_CASE("NoDelay.TheCommandOfAProcessThatEndedDoesNothing") {
  const auto finished = runNoDelay(0x7fffffff);  // larger than any pid
  CHECK(finished.status == 0);
  CHECK(finished.err == "");
}

TEST_CASE("NoDelay.RunsTwiceForEachSession") {
  boost::asio::io_context io(1);
  const Recorder recorder;
  bird::NoDelayRunner runner(io.get_executor(), recorder.program());
  bird::NoDelayRunner::Clock::time_point now{1h};
  std::string expected;
  const auto polled = [&](pid_t bird, const bird::PeerStatus& status) {
    runner.polled(bird, {status}, now);
    io.restart();
    return runUntil(io, [&] { return recorder.runs() == expected && io.stopped(); });
  };
  CHECK(polled(17, peer("Connect", "t1")));
  expected = "no-delay 17\n";
  CHECK(polled(17, peer("Established", "t1")));
  CHECK(polled(17, peer("Established", "t1")));
  now += bird::NoDelayRunner::kAgain;
  expected += "no-delay 17\n";
  CHECK(polled(17, peer("Established", "t1")));
  now += 1h;
  CHECK(polled(17, peer("Established", "t1")));
  expected += "no-delay 17\n";
  CHECK(polled(17, peer("Established", "t2")));
  expected += "no-delay 18\n";
  CHECK(polled(18, peer("Established", "t2")));
}

TEST_CASE("NoDelay.AFailureIsLoggedOnce") {
  boost::asio::io_context io(1);
  const Recorder recorder("echo 'bgplb: pidfd_getfd: Operation not permitted' >&2; exit 1");
  LogCapture log;
  bird::NoDelayRunner runner(io.get_executor(), recorder.program());
  std::string expected;
  for (const char* since : {"t1", "t2"}) {
    runner.polled(17, {peer("Established", since)}, bird::NoDelayRunner::Clock::now());
    expected += "no-delay 17\n";
    io.restart();
    REQUIRE(runUntil(io, [&] { return recorder.runs() == expected && io.stopped(); }));
  }
  const auto text = log.text();
  const auto line = text.find(
      "bird: cannot set TCP_NODELAY on BIRD's sessions: bgplb: pidfd_getfd: Operation not "
      "permitted; an IPv6 UPDATE may be delayed by one delayed ACK");
  CHECK(line != std::string::npos);
  CHECK(text.find("cannot set", line + 16) == std::string::npos);
}
