// Tests of a name that one process in a network namespace holds. The names contain the pid, because
// all tests on this machine may share a network namespace.
#include "io/name_lock.hpp"

#include "support/catch.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

using namespace bgplb;

namespace {

std::string freeName() {
  static int count = 0;
  return "bgplb-test-" + std::to_string(getpid()) + "-" + std::to_string(++count);
}

bool isRoot() { return geteuid() == 0; }

}  // namespace

TEST_CASE("NameLock.OneProcessHoldsTheName_UntilItEnds") {
  if (!isRoot()) return;
  const std::string name = freeName();
  std::optional<io::NameLock> first(std::in_place);
  io::NameLock second;
  REQUIRE(first->take(name).has_value());
  const auto refused = second.take(name);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind == ErrorKind::Conflict);
  first.reset();
  CHECK(second.take(name).has_value());
}

TEST_CASE("NameLock.AConnectionToTheHolderEndsWithTheHolder") {
  if (!isRoot()) return;
  const std::string name = freeName();
  CHECK(!io::connectToHolder(name).isOpen());
  std::optional<io::NameLock> holder(std::in_place);
  REQUIRE(holder->take(name).has_value());
  const auto connection = io::connectToHolder(name);
  REQUIRE(connection.isOpen());
  CHECK(!io::hasEnded(connection));
  holder.reset();
  CHECK(io::hasEnded(connection));
  CHECK(!io::connectToHolder(name).isOpen());
}

// Every user may bind an abstract name, and must not keep the plugin from starting with it.
TEST_CASE("NameLock.ANameThatNoProcessOfRootListensOnIsNotHeld") {
  const std::string name = freeName();
  const io::Descriptor other(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(bind(other.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  if (isRoot()) {
    // The kernel notes the user who calls listen(2).
    REQUIRE(seteuid(65534) == 0);
    REQUIRE(listen(other.get(), 1) == 0);
    REQUIRE(seteuid(0) == 0);
  }
  CHECK(!io::connectToHolder(name).isOpen());
  io::NameLock lock;
  const auto refused = lock.take(name);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind == ErrorKind::Unavailable);
}
