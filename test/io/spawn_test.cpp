#include "base/log.hpp"
#include "io/spawn.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

using bgplb::Task;

namespace {

Task<> returning(bool& ran) {
  ran = true;
  co_return;
}

Task<> throwing() {
  throw std::runtime_error("out of range");
  co_return;
}

}  // namespace

TEST_CASE("spawn: runs a coroutine to its end") {
  boost::asio::io_context io;
  bool ran = false;
  bgplb::io::spawn(io.get_executor(), returning(ran), "returning");
  io.run();
  CHECK(ran);
}

TEST_CASE("spawn: an exception ends the program with one log line that names the coroutine") {
  int output[2];
  REQUIRE(pipe(output) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(output[1], STDERR_FILENO);
    bgplb::log::start(bgplb::log::Level::Info);
    boost::asio::io_context io;
    bgplb::io::spawn(io.get_executor(), throwing(), "docker events");
    io.run();
    _exit(0);
  }
  close(output[1]);
  std::string text;
  char chunk[512];
  for (ssize_t got = 0; (got = read(output[0], chunk, sizeof chunk)) > 0;) {
    text.append(chunk, static_cast<std::size_t>(got));
  }
  close(output[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == bgplb::io::kInternalError);
  CHECK(text.find("docker events: unhandled exception: out of range") != std::string::npos);
}
