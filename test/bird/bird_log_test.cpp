// BIRD's log, read from its FIFO.
#include "bird/bird_log.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

using namespace bgplb;
using namespace bgplb::bird;
namespace asio = boost::asio;

namespace {

int unread(int fd) {
  int bytes = 0;
  REQUIRE(::ioctl(fd, FIONREAD, &bytes) == 0);
  return bytes;
}

}  // namespace

// A withdrawal must not wait until a FIFO that BIRD keeps full is empty.
TEST_CASE("BirdLog.OtherHandlersRunWhileItReadsAFullFifo", "[bird]") {
  std::string folder = "/tmp/bird_log_test.XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/bird.log";
  asio::io_context io;
  BirdLog log(io, path);
  REQUIRE(log.open());
  const auto writer = log.openForBird();
  REQUIRE(writer);
  const std::string lines(4096, '\n');
  while (::write(writer->get(), lines.data(), lines.size()) > 0) continue;
  const int full = unread(writer->get());
  REQUIRE(full >= 65536);

  std::vector<int> seen;  // by a handler that is always ready to run
  std::function<void()> look = [&] {
    seen.push_back(unread(writer->get()));
    if (seen.back() > 0) asio::post(io, look);
  };
  asio::post(io, look);
  CHECK(test::runUntil(io, [&] { return !seen.empty() && seen.back() == 0; }));
  int before = full;
  for (const int left : seen) {
    CHECK(before - left <= 16384);
    before = left;
  }
  ::unlink(path.c_str());
  ::rmdir(folder.c_str());
}
