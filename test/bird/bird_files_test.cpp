// The files in the run directory, BIRD's log lines and the session watch.
#include "bird/bird_log.hpp"
#include "bird/config_files.hpp"
#include "bird/last_up_stamp.hpp"
#include "bird/session_watch.hpp"
#include "bird/user.hpp"
#include "io/file.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <sys/stat.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

using namespace bgplb;
using namespace bgplb::bird;
using namespace std::chrono_literals;

namespace {

struct RunFolder {
  RunFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "bgplb-files-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    paths = RunPaths(pattern);
  }
  ~RunFolder() { std::filesystem::remove_all(paths.directory); }
  RunPaths paths{""};
};

const FileSet kFirst{"main 1", "four 1", ""};
const FileSet kSecond{"main 2", "four 2", "six 2"};

unsigned modeOf(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("ConfigFiles.WrittenForOwnerAndBirdOnly_EmptyOnesToo", "[bird]") {
  RunFolder run;
  ConfigFiles files(run.paths);
  CHECK_FALSE(files.confirmed().has_value());
  REQUIRE(files.write(kFirst).has_value());
  CHECK(modeOf(run.paths.main) == readableByBird().mode);
  CHECK(modeOf(run.paths.pending) == 0600);
  CHECK(io::readFile(run.paths.vips6).value().empty());
}

TEST_CASE("ConfigFiles.ANewControllerKnowsWhetherBirdHasReadTheFiles", "[bird]") {
  RunFolder run;
  ConfigFiles files(run.paths);
  REQUIRE(files.write(kFirst).has_value());
  // A controller that was killed here cannot know whether BIRD has read the files.
  CHECK_FALSE(ConfigFiles(run.paths).areConfirmed(kFirst));
  files.confirm();
  CHECK(ConfigFiles(run.paths).areConfirmed(kFirst));
  CHECK_FALSE(ConfigFiles(run.paths).areConfirmed(kSecond));
}

TEST_CASE("ConfigFiles.AfterARefusalTheConfirmedSetIsRestored", "[bird]") {
  RunFolder run;
  ConfigFiles files(run.paths);
  REQUIRE(files.write(kFirst).has_value());
  files.confirm();
  REQUIRE(files.write(kSecond).has_value());
  CHECK_FALSE(files.areConfirmed(kFirst));
  REQUIRE(files.restore().has_value());
  CHECK(files.areConfirmed(kFirst));
  CHECK(io::readFile(run.paths.main).value() == kFirst.main);
  CHECK(io::readFile(run.paths.vips6).value() == kFirst.vips6);
  CHECK(ConfigFiles(run.paths).areConfirmed(kFirst));
}

TEST_CASE("ConfigFiles.WithoutAConfirmedSetRestoreDoesNothing", "[bird]") {
  RunFolder run;
  ConfigFiles files(run.paths);
  REQUIRE(files.write(kFirst).has_value());
  REQUIRE(files.restore().has_value());
  CHECK_FALSE(files.areConfirmed(kFirst));
}

TEST_CASE("LastUpStamp.OnlyARecentStampOfThisBootCounts", "[bird]") {
  RunFolder run;
  boost::asio::io_context io(1);
  const auto read = [&] {
    return LastUpStamp(io.get_executor(), {.path = run.paths.sessions}, [](const auto&) {});
  };
  CHECK_FALSE(read().isYoungerThan(120s));
  CHECK_FALSE(read().isOfThisBoot());

  Result<void> saved = unavailable("nothing was saved");
  LastUpStamp stamp(io.get_executor(), {.path = run.paths.sessions},
                    [&saved](const Result<void>& outcome) { saved = outcome; });
  const auto onDisk = [&] { return io::readFile(run.paths.sessions).has_value(); };
  stamp.refresh();
  CHECK(stamp.isYoungerThan(120s));  // at once, without waiting for the disk
  CHECK_FALSE(stamp.isYoungerThan(0s));
  REQUIRE(test::runUntil(io, [&] { return saved.has_value() && onDisk(); }));
  CHECK(read().isYoungerThan(120s));
  CHECK(read().isOfThisBoot());

  const auto text = io::readFile(run.paths.sessions).value();
  for (const std::size_t place : {std::size_t{0}, std::size_t{2}}) {  // another version, another boot
    std::ofstream(run.paths.sessions) << std::string(text).insert(place, "2");
    CHECK_FALSE(read().isYoungerThan(120s));
    CHECK_FALSE(read().isOfThisBoot());
  }
  for (const auto* broken : {"", " ", "x", "x y"}) {
    std::ofstream(run.paths.sessions) << broken;
    CHECK_FALSE(read().isYoungerThan(120s));
  }
  stamp.clear();
  CHECK_FALSE(stamp.isYoungerThan(120s));
  REQUIRE(test::runUntil(io, [&] { return !onDisk(); }));
}

// The coroutine that withdraws routes calls refresh(), so refresh() must not block.
TEST_CASE("LastUpStamp.ADiskThatHangsDoesNotBlockTheCaller", "[bird]") {
  struct Disk {
    std::mutex mutex;
    std::condition_variable answered;
    bool hangs = true;
  };
  const auto disk = std::make_shared<Disk>();  // the thread may outlive the test
  boost::asio::io_context io(1);
  io::BackgroundFile::Options file{.path = "/nonexistent/sessions"};
  file.save = [disk](const std::optional<std::string>&) -> Result<void> {
    std::unique_lock lock(disk->mutex);
    disk->answered.wait_for(lock, test::kDeadline, [&disk] { return !disk->hangs; });
    return {};
  };
  LastUpStamp stamp(io.get_executor(), file, [](const auto&) {});
  const auto began = std::chrono::steady_clock::now();
  stamp.refresh();
  stamp.clear();
  stamp.refresh();
  CHECK(std::chrono::steady_clock::now() - began < test::kDeadline / 2);
  CHECK(stamp.isYoungerThan(120s));

  bool saved = true;
  bool waited = false;
  boost::asio::co_spawn(io, stamp.saved(std::chrono::steady_clock::now() + 5ms),
                        [&](const std::exception_ptr&, bool value) {
                          saved = value;
                          waited = true;
                        });
  REQUIRE(test::runUntil(io, [&] { return waited; }));
  CHECK_FALSE(saved);
  const std::lock_guard lock(disk->mutex);
  disk->hangs = false;
  disk->answered.notify_all();
}

TEST_CASE("BirdLog.ParsesLinesOfAllVersions", "[bird]") {
  const auto line = [](const char* text) { return parseLogLine(text); };
  using log::Level;
  CHECK(line("2026-11-22 20:23:51.900 <WARN> lb_peer1: Something") ==
        BirdLine{Level::Warning, "lb_peer1: Something"});
  CHECK(line("2026-11-22 20:23:51.900 <WARN> lb_peer1: Missing link-local address").level ==
        Level::Debug);
  CHECK(line("bird: 2026-11-22 20:24:05.277 [0a01] <INFO> Started") ==
        BirdLine{Level::Info, "Started"});
  CHECK(
      line("bird: bird.conf:31:1 Local address must be configured for strict bind") ==
      BirdLine{Level::Warning, "bird.conf:31:1 Local address must be configured for strict bind"});
  CHECK(line("bird: 2026-11-22 20:44:07.785 [0001] <FATAL> bird.conf:1:18 syntax error") ==
        BirdLine{Level::Error, "bird.conf:1:18 syntax error"});
  CHECK(line("2026-11-22 20:23:51.900 <RMT> lb_peer1: Received: Administrative shutdown").level ==
        Level::Warning);
  CHECK(line("2026-11-22 20:23:51.900 <BUG> x").level == Level::Error);
  CHECK(line("2026-11-22 20:23:51.900 <INFO> Reconfigured").level == Level::Debug);
  CHECK(line("2026-11-22 20:24:05.248 <FATAL> Shutdown completed").level == Level::Info);
  CHECK(line("what a <strange> line") == BirdLine{Level::Warning, "what a <strange> line"});
  CHECK(line("").text.empty());
}

TEST_CASE("SessionWatch.TracksEstablishedSessions", "[bird]") {
  SessionWatch watch;
  SessionWatch::Clock::time_point now{1h};
  std::vector<PeerStatus> peers(2);
  peers[0].name = "lb_peer1";
  peers[0].address = "10.77.0.2";
  peers[0].state = "Connect";
  peers[1].name = "lb_peer2";
  peers[1].address = "10.77.0.3";
  peers[1].state = "Established";
  watch.update(peers, now);
  CHECK(watch.anyEstablished());
  CHECK_FALSE(watch.allEstablished());
  CHECK(watch.lastChange() == now);
  watch.update(peers, now + 1s);
  CHECK(watch.lastChange() == now);
  peers[0].state = "Established";
  watch.update(peers, now + 2s);
  CHECK(watch.allEstablished());
  CHECK(watch.lastChange() == now + 2s);
  watch.update({}, now + 3s);
  CHECK_FALSE(watch.anyEstablished());
}

// A router may have two sessions with this host, for example one for each family at a link-local
// address that several interfaces share.
TEST_CASE("SessionWatch.TwoPeersWithOneAddressAreTwoSessions", "[bird]") {
  SessionWatch watch;
  SessionWatch::Clock::time_point now{1h};
  std::vector<PeerStatus> peers(2);
  peers[0].name = "lb_peer1";
  peers[1].name = "lb_peer2";
  for (auto& peer : peers) peer.address = "fe80::1";
  peers[0].state = "Connect";
  peers[1].state = "Established";
  watch.update(peers, now);
  CHECK(watch.anyEstablished());
  CHECK_FALSE(watch.allEstablished());
  watch.update(peers, now + 1s);
  CHECK(watch.lastChange() == now);
}
