#include "io/process.hpp"

#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/unkillable.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>

using namespace bgplb;

namespace {

struct Run {
  boost::asio::io_context io;
  std::optional<Result<io::Finished>> outcome;

  explicit Run(io::Command command) {
    boost::asio::co_spawn(io, io::run(std::move(command)),
                          [this](const std::exception_ptr& failure, Result<io::Finished> result) {
                            if (failure) std::rethrow_exception(failure);
                            outcome = std::move(result);
                          });
  }
  Result<io::Finished> wait() {
    REQUIRE(test::runUntil(io, [this] { return outcome.has_value(); }));
    return *outcome;
  }
};

Result<io::Finished> shell(const std::string& script, const std::string& input = {}) {
  return Run({.argv = {"sh", "-c", script}, .input = input}).wait();
}

}  // namespace

TEST_CASE("Process.ReturnsOutputErrorsAndStatus") {
  const auto finished = shell("cat; echo oops >&2; exit 3", "some\ninput");
  REQUIRE(finished.has_value());
  CHECK(finished->status == 3);
  CHECK(finished->out == "some\ninput");
  CHECK(finished->err == "oops\n");
}

TEST_CASE("Process.TheEnvironmentIsPathLocaleAndWhatTheCommandAdds") {
  setenv("PEER_PASSWORD", "secret", 1);
  Run run({.argv = {"sh", "-c", "env | sort"}, .input = {}, .environment = {"LOCK=/host/lock"}});
  const auto finished = run.wait();
  unsetenv("PEER_PASSWORD");
  REQUIRE(finished.has_value());
  CHECK(finished->out.find("LOCK=/host/lock\n") != std::string::npos);
  CHECK(finished->out.find("LC_ALL=C\n") != std::string::npos);
  CHECK(finished->out.find("PEER_PASSWORD") == std::string::npos);
}

TEST_CASE("Process.InputAndOutputMayExceedThePipeBuffer") {
  const std::string much(std::size_t{3} * 1000 * 1000, 'x');
  const auto finished = shell("cat; cat /dev/zero | head -c 1000000 >&2", much);
  REQUIRE(finished.has_value());
  CHECK(finished->out == much);
  CHECK(finished->err.size() == 1000000);
}

TEST_CASE("Process.IsKilledAtTheDeadline") {
  using namespace std::chrono_literals;
  const auto begin = std::chrono::steady_clock::now();
  const auto finished = Run({.argv = {"sleep", "60"}, .deadline = 50ms}).wait();
  CHECK(finished.error().kind == ErrorKind::Transient);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);  // no child is left to reap
}

TEST_CASE("Process.ReturnsAtTheDeadline_WhenSigkillDoesNotEndTheProgram") {
  using namespace std::chrono_literals;
  using Clock = std::chrono::steady_clock;
  const test::Unkillable unkillable;
  io::Command command = unkillable.command(2s);
  command.untilEnded = std::make_shared<int>(0);
  const std::weak_ptr<void> alive = command.untilEnded;
  Run run(std::move(command));

  // Measures that the event loop keeps running.
  boost::asio::steady_timer timer(run.io);
  Clock::duration longestGap{};
  std::function<void(Clock::time_point)> tick = [&](Clock::time_point last) {
    longestGap = std::max(longestGap, Clock::now() - last);
    timer.expires_after(1ms);
    timer.async_wait([&tick, last = Clock::now()](const boost::system::error_code& error) {
      if (!error) tick(last);
    });
  };
  tick(Clock::now());

  const auto begin = Clock::now();
  const auto outcome = run.wait();
  CHECK(outcome.error().kind == ErrorKind::Transient);
  CHECK(Clock::now() - begin < 5s);
  CHECK_FALSE(alive.expired());
  REQUIRE(unkillable.release());
  CHECK(test::runUntil(run.io, [&] { return alive.expired(); }));
  CHECK(longestGap < 1s);
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);  // the program was reaped
}

TEST_CASE("Process.ReleasesTheToken_WhenTheProgramEnds") {
  auto token = std::make_shared<int>(0);
  const std::weak_ptr<void> alive = token;
  io::Command command{.argv = {"true"}};
  command.untilEnded = std::move(token);
  Run run(std::move(command));
  CHECK(run.wait().has_value());
  CHECK(alive.expired());
}

TEST_CASE("ErrorText.IsOneLine") {
  CHECK(io::errorText({.status = 1, .out = "ignored", .err = "one\ntwo\n"}) == "one;two");
  CHECK(io::errorText({.status = 1, .out = "said here\n", .err = ""}) == "said here");
  CHECK(io::errorText({.status = 4, .out = "", .err = ""}) == "exit status 4");
  CHECK(io::errorText({.status = 1, .out = "", .err = std::string(1000, 'x')}).size() == 400);
}

TEST_CASE("Process.DoesNotWaitForAChildOfTheProgram") {
  const auto finished = shell("sleep 3 & echo done");
  REQUIRE(finished.has_value());
  CHECK(finished->out == "done\n");
}

TEST_CASE("Process.ASignalIsATransientError") {
  CHECK(shell("kill -TERM $$").error().kind == ErrorKind::Transient);
}

TEST_CASE("Process.MissingAndUnexecutableProgramsAreErrors") {
  CHECK(Run({.argv = {"no-such-program"}}).wait().error().kind == ErrorKind::NotFound);
  CHECK(Run({.argv = {"/no/such/program"}}).wait().error().kind == ErrorKind::NotFound);
  CHECK(Run({.argv = {"/etc/passwd"}}).wait().error().kind == ErrorKind::Invalid);
  CHECK(Run({}).wait().error().kind == ErrorKind::Invalid);
}

TEST_CASE("Process.DoesNotReapOtherChildren") {
  const pid_t other = fork();
  if (other == 0) _exit(7);
  CHECK(shell("true").has_value());
  int status = 0;
  CHECK(waitpid(other, &status, 0) == other);
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("Process.InheritsNeitherEnvironmentNorDescriptors") {
  setenv("PEER_PASSWORD", "secret", 1);
  const int leak = dup(1);  // not close-on-exec
  const auto finished = shell("env");
  const auto descriptors = Run({.argv = {"ls", "/proc/self/fd"}}).wait();
  unsetenv("PEER_PASSWORD");
  close(leak);
  REQUIRE(finished.has_value());
  CHECK(finished->out.find("secret") == std::string::npos);
  CHECK(finished->out.find("PATH=") != std::string::npos);
  REQUIRE(descriptors.has_value());
  CHECK(descriptors->out == "0\n1\n2\n3\n");  // 3 is the folder that ls reads
}

TEST_CASE("Process.IsKilledWhenItsEventLoopIsDestroyed") {
  {
    Run run({.argv = {"sleep", "60"}});
    test::runReady(run.io);
  }
  int status = 0;
  CHECK(waitpid(-1, &status, 0) > 0);  // in production PID 1 reaps it
  CHECK(WIFSIGNALED(status));
}

TEST_CASE("FindProgram.SearchesTheUsualFolders_WhenPathLacksThem") {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  const auto found = io::findProgram("sh");
  const auto missing = io::findProgram("no-such-program");
  setenv("PATH", path.c_str(), 1);
  REQUIRE(found.has_value());
  CHECK(found->ends_with("/sh"));
  CHECK(missing.error().kind == ErrorKind::NotFound);
}
