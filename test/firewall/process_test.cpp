#include "io/process.hpp"

#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
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

TEST_CASE("Process.GivesWhatTheProgramSaid") {
  const auto finished = shell("cat; echo oops >&2; exit 3", "some\ninput");
  REQUIRE(finished.has_value());
  CHECK(finished->status == 3);
  CHECK(finished->out == "some\ninput");
  CHECK(finished->err == "oops\n");
}

TEST_CASE("Process.TakesAndGivesMoreThanAPipeHolds") {
  const std::string much(3 * 1000 * 1000, 'x');
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
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);  // nothing is left to be waited for
}

TEST_CASE("Process.DoesNotWaitForAChildOfTheProgram") {
  const auto finished = shell("sleep 3 & echo done");
  REQUIRE(finished.has_value());
  CHECK(finished->out == "done\n");
}

TEST_CASE("Process.TellsOfASignal") {
  CHECK(shell("kill -TERM $$").error().kind == ErrorKind::Transient);
}

TEST_CASE("Process.KnowsWhatIsNotThere") {
  CHECK(Run({.argv = {"no-such-program"}}).wait().error().kind == ErrorKind::NotFound);
  CHECK(Run({.argv = {"/no/such/program"}}).wait().error().kind == ErrorKind::NotFound);
  CHECK(Run({.argv = {"/etc/passwd"}}).wait().error().kind == ErrorKind::Invalid);
  CHECK(Run({}).wait().error().kind == ErrorKind::Invalid);
}

TEST_CASE("Process.LeavesOtherChildrenAlone") {
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
  CHECK(descriptors->out == "0\n1\n2\n3\n");  // the last is the folder that ls reads
}

TEST_CASE("Process.DiesWithTheLoopThatRanIt") {
  {
    Run run({.argv = {"sleep", "60"}});
    test::runReady(run.io);
  }
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("FindProgram.LooksInTheUsualFolders_WhenPathLacksThem") {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  const auto found = io::findProgram("sh");
  const auto missing = io::findProgram("no-such-program");
  setenv("PATH", path.c_str(), 1);
  REQUIRE(found.has_value());
  CHECK(found->ends_with("/sh"));
  CHECK(missing.error().kind == ErrorKind::NotFound);
}
