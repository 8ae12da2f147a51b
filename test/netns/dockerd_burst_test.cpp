// 2,000 containers start at the same time while the controller may open only 1,024 files.
#include "netns/dockerd_lab.hpp"

#include <sys/resource.h>

#include <fmt/format.h>

#include <set>

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

constexpr int kContainers = 2000;
constexpr unsigned kFiles = 1024;
constexpr std::size_t kMostConnections = 256;

// The fake dockerd runs in the test's process. Its file limit must not limit the connections.
void allowManyFiles() {
  rlimit limits{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limits) == 0);
  limits.rlim_cur = std::min<rlim_t>(limits.rlim_max, 8192);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limits) == 0);
}

void burst(const LabOptions& options) {
  allowManyFiles();
  Lab lab(options);
  lab.begin();
  std::vector<ContainerValue> containers;
  std::vector<EventValue> events;
  std::set<std::string> unrequested;  // inspect paths not requested yet
  for (int i = 0; i < kContainers; ++i) {
    ContainerValue value{.id = lab.docker.newId('b'), .name = fmt::format("plain{}", i)};
    value.running = true;
    value.networks["plain"] = {std::string(64, '9'), value.id, "02:42:ac:11:00:02"};
    unrequested.insert("/containers/" + value.id + "/json");
    events.push_back({"container", "start", value.id, {{"name", value.name}}});
    containers.push_back(std::move(value));
  }
  lab.dockerd.hold("/containers/*");
  lab.dockerd.change(
      [&](auto& values) {
        for (const auto& value : containers) values.containers[value.id] = value;
      },
      events);

  // The `die` event follows the 2,000 `start` events: once it takes effect, all have been read.
  lab.docker.dieFirst(lab.dying);
  REQUIRE(lab.isWithdrawnAtOnce(lab.dying));
  lab.docker.leave(lab.leaving);
  REQUIRE(lab.isWithdrawnAtOnce(lab.leaving));
  const auto fresh = lab.docker.createNetwork("new", {"10.0.0.111/32"});

  lab.dockerd.release("/containers/*");
  const auto allRequested = [&] {
    for (const auto& request : lab.dockerd.requests("/containers/*"))
      unrequested.erase(request.path);
    return unrequested.empty();
  };
  REQUIRE(eventually(allRequested, 30s));
  lab.docker.start(fresh);
  lab.docker.health(fresh, "healthy");
  REQUIRE(lab.isAnnouncedAtOnce(fresh));
  REQUIRE(lab.dockerd.mostConnections() <= kMostConnections);
  REQUIRE(lab.controller.log().find("Too many open files") == std::string::npos);
  lab.checkEnd();
}

}  // namespace

TEST_CASE("Dockerd.2000ContainersStartWith1024FilesBySoftLimit_NoDelay", "[netns][dockerd]") {
  burst({.softFiles = kFiles});
}

TEST_CASE("Dockerd.2000ContainersStartWith1024FilesByHardLimit_NoDelay", "[netns][dockerd]") {
  burst({.softFiles = kFiles, .hardFiles = kFiles});
}
