#include "config.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using Values = std::map<std::string, std::string>;

namespace {

SettingsOutcome parse(Values values) {
  return parseSettings([values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  });
}

Values good(const Values& changes = {}) {
  Values values{{"ROUTER_ID", "192.168.8.40"},
                {"LOCAL_AS", "65534"},
                {"PEER_ADDRESS", "192.168.8.137"},
                {"PEER_AS", "64512"}};
  for (const auto& [name, value] : changes) values[name] = value;
  return values;
}

}  // namespace

TEST_CASE("Config.ScenarioAndDefaults") {
  const auto outcome = parse(good({{"SIGUSR2_HANDLER", "true"}}));
  CHECK(outcome.problems.empty());
  const auto& s = outcome.settings;
  CHECK(s.routerId == ip("192.168.8.40"));
  CHECK(s.localAs == 65534);
  REQUIRE(s.peers.size() == 1);
  CHECK(s.peers[0].as == 64512);
  CHECK(s.peers[0].password.empty());
  CHECK(s.sigusr2Handler);
  CHECK(s.sigusr2Stop);
  CHECK(s.holdTime == std::chrono::seconds(9));
  CHECK(s.drainGrace == std::chrono::seconds(1));
  CHECK(s.drainDelay == std::chrono::seconds(5));
  CHECK_FALSE(s.routerPort);
}

TEST_CASE("Config.EmptyIsTheDefault") {
  CHECK(parse(good({{"LOCAL_AS", ""}, {"HOLD_TIME", ""}, {"ROUTER_PORT", ""}})).problems.empty());
}

TEST_CASE("Config.EveryProblemIsNamedAtOnce") {
  const auto outcome = parse({{"LOCAL_AS", "0"}, {"HOLD_TIME", "2"}, {"GLOBAL_SCOPE", "yes"}});
  std::string all;
  for (const auto& problem : outcome.problems) all += problem + "\n";
  for (const char* name :
       {"ROUTER_ID", "LOCAL_AS", "PEER_ADDRESS", "PEER_AS", "HOLD_TIME", "GLOBAL_SCOPE"}) {
    CAPTURE(name);
    CHECK(all.find(name) != std::string::npos);
  }
  CHECK(outcome.problems.size() == 6);
}

TEST_CASE("Config.WrongValues") {
  const auto [name, value] = GENERATE(table<std::string, std::string>({
      {"ROUTER_ID", "host"},
      {"ROUTER_ID", "2001:db8::1"},
      {"ROUTER_ID", "0.0.0.0"},
      {"ROUTER_ID6", "10.0.0.1"},
      {"ROUTER_ID6", "fe80::1"},
      {"LOCAL_AS", "4294967296"},
      {"LOCAL_AS", "-1"},
      {"LOCAL_AS", "65534x"},
      {"PEER_AS", "0"},
      {"PEER_AS", "1,2"},
      {"PEER_ADDRESS", "192.168.8.137,"},
      {"PEER_ADDRESS", "192.168.8.137,192.168.8.137"},
      {"PEER_ADDRESS", "192.168.8.40"},
      {"PEER_ADDRESS", "fe80::1%eth0"},
      {"ROUTER_PORT", "0"},
      {"ROUTER_PORT", "65536"},
      {"PEER_PASSWORD", "say \"hello\""},
      {"PEER_PASSWORD", "two\nlines"},
      {"PEER_PASSWORD", std::string(81, 'x')},
      {"SIGUSR2_HANDLER", "1"},
      {"HOLD_TIME", "65536"},
      {"DRAIN_GRACE", "-1"},
      {"DRAIN_DELAY", "nan"},
      {"LOG_LEVEL", "loud"},
  }));
  CAPTURE(name, value);
  const auto outcome = parse(good({{name, value}}));
  REQUIRE(outcome.problems.size() == 1);
  CHECK(outcome.problems[0].find(name) != std::string::npos);
}

TEST_CASE("Config.PasswordsNeverShow") {
  const auto outcome = parse(good({{"PEER_PASSWORD", "top\"secret"}}));
  REQUIRE(outcome.problems.size() == 1);
  CHECK(outcome.problems[0].find("secret") == std::string::npos);
}

TEST_CASE("Config.SeveralPeers") {
  const auto one = parse(good({{"PEER_ADDRESS", "192.168.8.137,2001:db8::137"},
                               {"PEER_PASSWORD", "both"}}));
  REQUIRE(one.problems.empty());
  CHECK(one.settings.peers[1].as == 64512);
  CHECK(one.settings.peers[1].password == Secret("both"));
  const auto each = parse(good({{"PEER_ADDRESS", "192.168.8.137, 192.168.8.138"},
                                {"PEER_AS", "64512, 4294967295"},
                                {"PEER_PASSWORD", ",b"}}));
  REQUIRE(each.problems.empty());
  CHECK(each.settings.peers[1].as == 4294967295);
  CHECK(each.settings.peers[0].password.empty());
  CHECK(each.settings.peers[1].password == Secret("b"));
}

TEST_CASE("Config.OnePeersPasswordIsTakenWhole") {
  const auto outcome = parse(good({{"PEER_PASSWORD", "a,b;{c}'"}}));
  REQUIRE(outcome.problems.empty());
  CHECK(outcome.settings.peers[0].password == Secret("a,b;{c}'"));
}
