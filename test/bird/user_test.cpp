// BIRD's user: what it may do with the files of the host, of Docker and of the plugin.
#include "bird/user.hpp"

#include "bird/config_files.hpp"
#include "bird/run_directory.hpp"
#include "io/descriptor.hpp"
#include "support/catch.hpp"
#include "support/privileges.hpp"
#include "support/unix_peer.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

using namespace bgplb;
using namespace bgplb::bird;
using namespace bgplb::test;

namespace {

struct Folder {
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "bgplb-user-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    paths = RunPaths(pattern);
  }
  ~Folder() { std::filesystem::remove_all(paths.directory); }
  std::string operator/(const std::string& name) const { return paths.directory + "/" + name; }

  RunPaths paths{""};
};

std::string accessOf(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  char text[64];
  std::snprintf(text, sizeof text, "%o %u:%u", status.st_mode & 07777U, status.st_uid,
                status.st_gid);
  return text;
}

bool connects(const sockaddr_un& address) {
  const io::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool opens(const std::string& path, int flags) {
  return io::Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600)).isOpen();
}

}  // namespace

TEST_CASE("BirdUser.CannotConnectToDockersSocket", "[bird]") {
  if (!isRoot()) return;
  const Folder run;  // as /run: everybody may search it
  std::filesystem::permissions(run.paths.directory, std::filesystem::perms(0755));
  const auto address = addressOf(run / "docker.sock");
  const io::Descriptor dockerd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(dockerd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(dockerd.get(), 4) == 0);
  constexpr gid_t kDocker = 999;
  for (const gid_t group : {gid_t{0}, kDocker}) {
    REQUIRE(::chown(address.sun_path, 0, group) == 0);
    REQUIRE(::chmod(address.sun_path, 0660) == 0);
    CHECK(connects(address));
    CHECK(asBird([&] { return connects(address); }) == EACCES);
  }
  REQUIRE(::chmod(address.sun_path, 0666) == 0);
  CHECK(asBird([&] { return connects(address); }) == 0);
}

TEST_CASE("BirdUser.ReadsItsConfigurationAndCreatesOnlyItsSocket", "[bird]") {
  if (!isRoot()) return;
  const Folder run;
  const mode_t before = ::umask(077);  // must have no effect
  REQUIRE(prepareRunDirectory(run.paths, kBirdUser).has_value());
  ConfigFiles files(run.paths);
  REQUIRE(files.write({"main", "four", ""}).has_value());
  ::umask(before);
  CHECK(accessOf(run.paths.directory) == "710 0:65521");
  CHECK(accessOf(run.paths.ownDirectory) == "770 0:65521");
  for (const auto& path : {run.paths.main, run.paths.vips4, run.paths.vips6}) {
    CAPTURE(path);
    CHECK(accessOf(path) == "640 0:65521");
    CHECK(asBird([&] { return opens(path, O_RDONLY); }) == 0);
    CHECK(asBird([&] { return opens(path, O_WRONLY); }) == EACCES);
    CHECK(asBird([&] { return ::unlink(path.c_str()) == 0; }) == EACCES);
    CHECK(asBird([&] { return ::rename(path.c_str(), (path + "2").c_str()) == 0; }) == EACCES);
  }
  CHECK(asBird([&] { return opens(run.paths.pending, O_RDONLY); }) == EACCES);
  CHECK(asBird([&] { return opens(run.paths.directory, O_RDONLY); }) == EACCES);
  CHECK(asBird([&] { return opens(run / "bgplb.sock", O_WRONLY | O_CREAT); }) == EACCES);
  CHECK(asBird([&] { return opens(run.paths.socket, O_WRONLY | O_CREAT); }) == 0);
  CHECK(asBird([&] { return ::unlink(run.paths.socket.c_str()) == 0; }) == 0);
}

// PID 1 and the controller have passwords in their environment.
TEST_CASE("BirdUser.SignalsAndReadsNoProcessOfRoot", "[bird]") {
  if (!isRoot()) return;
  const std::string self = "/proc/" + std::to_string(getpid());
  CHECK(asBird([&] { return opens(self + "/environ", O_RDONLY); }) == EACCES);
  CHECK(asBird([&] { return opens(self + "/mem", O_RDONLY); }) == EACCES);
  CHECK(asBird([pid = getpid()] { return ::kill(pid, 0) == 0; }) == EPERM);
}

TEST_CASE("RunDirectory.OneThatEverybodyMaySearchStaysAsItIs", "[bird]") {
  if (!isRoot()) return;
  const Folder run;
  std::filesystem::permissions(run.paths.directory, std::filesystem::perms(01777));
  REQUIRE(prepareRunDirectory(run.paths, kBirdUser).has_value());
  CHECK(accessOf(run.paths.directory) == "1777 0:0");
  CHECK(accessOf(run.paths.ownDirectory) == "770 0:65521");
}

TEST_CASE("RunDirectory.TheRootOfAPluginThatWasNotPulledBecomesSearchable", "[bird]") {
  if (!isRoot()) return;
  const Folder root;  // mode 0700, as dockerd creates it
  REQUIRE(accessOf(root.paths.directory) == "700 0:0");
  const pid_t child = ::fork();
  if (child == 0) {
    const bool inside = ::chroot(root.paths.directory.c_str()) == 0 && ::chdir("/") == 0;
    ::_exit(inside && prepareRunDirectory(RunPaths("/run"), kBirdUser) ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(accessOf(root.paths.directory) == "711 0:0");
  CHECK(accessOf(root / "run") == "710 0:65521");
}

TEST_CASE("RunDirectory.TheLinkReplacesTheSocketOfABirdThatRanAsRoot", "[bird]") {
  const Folder run;
  REQUIRE(prepareRunDirectory(run.paths, {}).has_value());
  const auto former = addressOf(run.paths.control);
  const io::Descriptor bird(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(bird.get(), reinterpret_cast<const sockaddr*>(&former), sizeof former) == 0);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(linkControlSocket(run.paths).has_value());
    CHECK(std::filesystem::read_symlink(run.paths.control) == "bird/bird.ctl");
  }
  const auto own = addressOf(run.paths.socket);
  const io::Descriptor next(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(next.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
  REQUIRE(::listen(next.get(), 1) == 0);
  CHECK(connects(addressOf(run.paths.control)));
}

TEST_CASE("ConfigFiles.FilesOfAControllerWhoseBirdRanAsRootBecomeReadable", "[bird]") {
  if (!isRoot()) return;
  const Folder run;
  REQUIRE(io::replaceFile(run.paths.main, "main", 0600).has_value());
  REQUIRE(io::replaceFile(run.paths.vips4, "four", 0600).has_value());
  const ConfigFiles files(run.paths);
  CHECK(accessOf(run.paths.main) == "640 0:65521");
  CHECK(accessOf(run.paths.vips4) == "640 0:65521");
}
