// Tests that iptables-legacy takes the host's xtables lock.
#include "firewall/tool_runner.hpp"
#include "io/descriptor.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/scoped_netns.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

using namespace bgplb;
using namespace std::chrono_literals;

namespace {

struct Host {
  test::ScopedNetns netns;
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("bgplb-lock-{}", getpid());
  std::string lock = folder / "xtables.lock";
  boost::asio::io_context io;
  firewall::ToolRunner tools{10s, [] {}, lock};

  Host() { std::filesystem::create_directories(folder); }
  ~Host() { std::filesystem::remove_all(folder); }

  io::Finished restore() {
    std::optional<Result<io::Finished>> outcome;
    std::vector<std::string> argv{"iptables-legacy-restore", "--noflush", "-w", "1"};
    boost::asio::co_spawn(io, tools.run(std::move(argv), "*filter\n:TEST -\nCOMMIT\n"),
                          [&](const std::exception_ptr& failure, Result<io::Finished> result) {
                            if (failure) std::rethrow_exception(failure);
                            outcome = std::move(result);
                          });
    REQUIRE(test::runUntil(io, [&] { return outcome.has_value(); }));
    REQUIRE(outcome->has_value());
    return outcome->value();
  }
};

}  // namespace

TEST_CASE("ToolRunner.IptablesLegacyWaitsForTheLockOfTheHost") {
  Host host;
  io::Descriptor file(open(host.lock.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(flock(file.get(), LOCK_EX | LOCK_NB) == 0);  // dockerd's iptables runs
  const auto refused = host.restore();
  CHECK(refused.status != 0);
  CHECK(refused.err.find("xtables lock") != std::string::npos);
  CHECK(flock(file.get(), LOCK_UN) == 0);
  const auto done = host.restore();
  INFO(done.err);
  CHECK(done.status == 0);
}

TEST_CASE("ToolRunner.IptablesLegacyRunsWithoutALockOfTheHost") {
  Host host;
  const auto done = host.restore();
  INFO(done.err);
  CHECK(done.status == 0);
  CHECK_FALSE(std::filesystem::exists(host.lock));
}
