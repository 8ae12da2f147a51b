// Replays recorded exchanges (test/contract/record): the plugin calls of each Docker version, with
// the replies that it accepted, and the replies of its API.

#include "docker/engine_codec.hpp"
#include "json/read.hpp"
#include "io/file.hpp"

#include "fakes/fake_plugin.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <filesystem>

using namespace bgplb;
using namespace bgplb::test;
namespace fs = std::filesystem;

namespace {

const fs::path kRecordings = fs::path(TEST_SOURCE_DIR) / "contract";

struct Exchange {
  std::string name;
  std::string path;
  std::string requestBody;
  std::int64_t status = 0;
  std::string responseBody;
  std::vector<std::string> lines;  // lines of an event stream
};

std::vector<fs::path> sorted(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<Exchange> recorded(const fs::path& folder) {
  std::vector<Exchange> exchanges;
  for (const auto& path : sorted(folder)) {
    const auto file = parseObject(io::readFile(path.string()).value());
    REQUIRE(file);
    const auto* request = objectAt(*file, "request");
    const auto* response = objectAt(*file, "response");
    REQUIRE(request != nullptr);
    REQUIRE(response != nullptr);
    Exchange exchange{path.filename().string(),  textOr(*request, "path"),
                      textOr(*request, "body"),  response->at("status").as_int64(),
                      textOr(*response, "body"), {}};
    if (const auto* lines = arrayAt(*response, "lines")) {
      for (const auto& line : *lines) exchange.lines.emplace_back(line.as_string());
    }
    exchanges.push_back(std::move(exchange));
  }
  return exchanges;
}

std::vector<fs::path> versions(const char* kind) {
  auto folders = sorted(kRecordings / kind);
  REQUIRE(folders.size() >= 2);
  return folders;
}

}  // namespace

TEST_CASE("Contract.EveryRecordedPluginCallGetsTheRecordedReply_AndNoStateRemains") {
  for (const auto& version : versions("plugin")) {
    CAPTURE(version.filename().string());
    FakePlugin plugin;
    std::set<std::string> calls;
    std::size_t mostVeths = 0;
    for (const auto& exchange : recorded(version)) {
      CAPTURE(exchange.name, exchange.requestBody);
      const auto answer = plugin.api.call(exchange.path, exchange.requestBody);
      CHECK(answer.status == static_cast<unsigned>(exchange.status));
      if (exchange.status == 200) {
        CHECK(boost::json::parse(answer.body) == boost::json::parse(exchange.responseBody));
      }
      // Repeat the call: dockerd repeats a call if it does not know the outcome.
      CHECK(plugin.api.call(exchange.path, exchange.requestBody).status == answer.status);
      // Repeat it without its body, as dockerd does after a broken connection.
      if (!exchange.requestBody.empty()) CHECK(plugin.api.call(exchange.path, "").status == 400);
      calls.insert(exchange.path);
      mostVeths = std::max(mostVeths, plugin.kernel.existing.size());
      plugin.runLoop();
    }
    for (const char* call :
         {"CreateNetwork", "CreateEndpoint", "Join", "Leave", "DeleteEndpoint", "DeleteNetwork"}) {
      CHECK(calls.count(std::string("/NetworkDriver.") + call) == 1);
    }
    CHECK(mostVeths > 0);
    CHECK(plugin.kernel.existing.empty());
    CHECK(plugin.kernel.networks.empty());
    CHECK(plugin.reconciler.facts().networks.empty());
    CHECK(plugin.reconciler.facts().endpoints.empty());
  }
}

TEST_CASE("Contract.EveryRecordedReplyOfTheDockerApiIsParsed") {
  for (const auto& version : versions("engine")) {
    CAPTURE(version.filename().string());
    std::set<std::string> actions;
    std::set<core::Health> healths;
    bool advertised = false;
    bool stopSignal = false;
    for (const auto& exchange : recorded(version)) {
      CAPTURE(exchange.name);
      const auto path = exchange.path.substr(0, exchange.path.find('?'));
      if (path.ends_with("/events")) {
        for (const auto& line : exchange.lines) {
          const auto event = docker::parseEvent(line);
          REQUIRE(event);
          CHECK_FALSE(event->id.empty());
          CHECK(event->timeNano > 0);
          actions.insert(event->action);
        }
      } else if (path.ends_with("/networks")) {
        const auto networks = docker::parseNetworkList(exchange.responseBody);
        REQUIRE(networks);
        for (const auto& network : *networks) {
          advertised = advertised || network.labels.count("bgplb_advertise") > 0;
        }
      } else if (path.find("/networks/") != std::string::npos && exchange.status == 200) {
        const auto network = docker::parseNetworkInspect(exchange.responseBody);
        REQUIRE(network);
        CHECK_FALSE(network->subnets.empty());
      } else if (path.ends_with("/containers/json")) {
        CHECK(docker::parseContainerList(exchange.responseBody));
      } else if (path.ends_with("/json") && exchange.status == 200) {
        const auto container = docker::parseContainerInspect(exchange.responseBody);
        REQUIRE(container);
        CHECK_FALSE(container->name.empty());
        if (container->run != core::RunState::Stopped) healths.insert(container->health);
        stopSignal = stopSignal || container->stopSignal != 15;
      }
    }
    for (const char* action : {"start", "die", "kill", "health_status: healthy", "connect"}) {
      CAPTURE(action);
      CHECK(actions.count(action) == 1);
    }
    CHECK_FALSE(healths.empty());
    CHECK(advertised);
    CHECK(stopSignal);
  }
}
