// The disk is a function that the test can block.
#include "io/background_file.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <vector>

#include <sys/stat.h>

using namespace bgplb;
using namespace std::chrono_literals;
using bgplb::io::BackgroundFile;
using bgplb::test::runUntil;

namespace {

using Text = std::optional<std::string>;

// Shared with the thread, which may outlive the BackgroundFile.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  bool hangs = false;
  Result<void> outcome;
  std::vector<Text> begun;
  std::size_t ended = 0;

  Result<void> save(const Text& text) {
    std::unique_lock lock(mutex);
    begun.push_back(text);
    changed.notify_all();
    changed.wait(lock, [this] { return !hangs; });
    ++ended;
    changed.notify_all();
    return outcome;
  }
  void hang() {
    const std::lock_guard lock(mutex);
    hangs = true;
  }
  void answer() {
    const std::lock_guard lock(mutex);
    hangs = false;
    changed.notify_all();
  }
  bool waitFor(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, test::kDeadline, condition);
  }
};

struct Fixture {
  explicit Fixture(std::chrono::milliseconds slow = 10s) {
    BackgroundFile::Options options{.path = "sessions", .slow = slow};
    options.save = [disk = disk](const Text& text) { return disk->save(text); };
    file.emplace(io.get_executor(), options,
                 [this](const Result<void>& outcome) { outcomes.push_back(outcome); });
  }
  ~Fixture() { disk->answer(); }

  std::shared_ptr<Disk> disk = std::make_shared<Disk>();
  boost::asio::io_context io{1};
  std::vector<Result<void>> outcomes;
  std::optional<BackgroundFile> file;
};

}  // namespace

TEST_CASE("BackgroundFile: a file is replaced, and removed") {
  std::string folder = std::filesystem::temp_directory_path() / "bgplb-background-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  boost::asio::io_context io(1);
  {
    std::vector<Result<void>> outcomes;
    BackgroundFile file(io.get_executor(), {.path = folder + "/sessions", .mode = 0640},
                        [&](const Result<void>& outcome) { outcomes.push_back(outcome); });
    CHECK(file.isIdle());
    file.write("up\n");
    CHECK_FALSE(file.isIdle());
    REQUIRE(runUntil(io, [&] { return file.isIdle(); }));
    CHECK(io::readFile(folder + "/sessions").value() == "up\n");
    struct stat status {};
    REQUIRE(::stat((folder + "/sessions").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U & ~0640U) == 0);
    for (int i = 0; i < 2; ++i) {  // removing a missing file is not an error
      file.remove();
      REQUIRE(runUntil(io, [&] { return file.isIdle(); }));
    }
    CHECK_FALSE(io::readFile(folder + "/sessions").has_value());
    for (const auto& outcome : outcomes) CHECK(outcome.has_value());
  }
  {
    Result<void> last;
    BackgroundFile file(io.get_executor(), {.path = folder + "/nowhere/sessions"},
                        [&last](const Result<void>& outcome) { last = outcome; });
    file.write("up\n");
    REQUIRE(runUntil(io, [&] { return file.isIdle(); }));
    CHECK_FALSE(last.has_value());
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE(
    "BackgroundFile: a disk that hangs does not block the caller, and the latest content wins") {
  Fixture fixture;
  fixture.disk->hang();
  fixture.file->write("1");
  REQUIRE(fixture.disk->waitFor([&] { return fixture.disk->begun.size() == 1; }));
  fixture.file->write("2");
  fixture.file->remove();
  fixture.file->write("4");
  test::runReady(fixture.io);
  CHECK_FALSE(fixture.file->isIdle());
  CHECK(fixture.outcomes.empty());

  fixture.disk->answer();
  REQUIRE(runUntil(fixture.io, [&] { return fixture.file->isIdle(); }));
  CHECK(fixture.disk->begun == std::vector<Text>{"1", "4"});
  CHECK(fixture.outcomes.size() == 2);
}

TEST_CASE("BackgroundFile: the destructor does not wait for a disk that hangs") {
  Fixture fixture;
  fixture.disk->hang();
  fixture.file->write("1");
  REQUIRE(fixture.disk->waitFor([&] { return fixture.disk->begun.size() == 1; }));
  fixture.file->write("2");
  fixture.file.reset();

  // The thread still carries out the pending request and reports nothing.
  fixture.disk->answer();
  REQUIRE(fixture.disk->waitFor([&] { return fixture.disk->ended == 2; }));
  CHECK(fixture.disk->begun.back() == Text{"2"});
  test::runReady(fixture.io);
  CHECK(fixture.outcomes.empty());
}

TEST_CASE("BackgroundFile: a slow disk is reported, and then the outcome") {
  Fixture fixture(1ms);
  fixture.disk->hang();
  fixture.file->write("1");
  REQUIRE(runUntil(fixture.io, [&] { return fixture.outcomes.size() == 1; }));
  CHECK(fixture.outcomes[0].error().message.starts_with("sessions: not written within"));
  fixture.disk->answer();
  REQUIRE(runUntil(fixture.io, [&] { return fixture.outcomes.size() == 2; }));
  CHECK(fixture.outcomes[1].has_value());
}

TEST_CASE("BackgroundFile: idle() waits for the disk, but not beyond its time limit") {
  Fixture fixture;
  const auto wait = [&fixture](std::chrono::milliseconds time) {
    std::optional<bool> idle;
    boost::asio::co_spawn(fixture.io, fixture.file->idle(BackgroundFile::Clock::now() + time),
                          [&idle](const std::exception_ptr&, bool value) { idle = value; });
    REQUIRE(runUntil(fixture.io, [&idle] { return idle.has_value(); }));
    return *idle;
  };
  CHECK(wait(0ms));
  fixture.disk->hang();
  fixture.file->write("1");
  CHECK_FALSE(wait(5ms));
  fixture.disk->answer();
  CHECK(wait(10s));
}
