#include "docker/engine_client.hpp"
#include "docker/engine_codec.hpp"
#include "docker/json.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

TEST_CASE("EngineCodec.Signals") {
  const auto [text, number] = GENERATE(table<std::string, int>({
      {"SIGUSR2", 12}, {"USR2", 12}, {"12", 12}, {"SIGTERM", 15}, {"TERM", 15}, {"SIGQUIT", 3},
      {"SIGKILL", 9},  {"9", 9},     {"SIGRTMIN", 34}, {"SIGRTMIN+3", 37}, {"RTMAX-2", 62},
      {"", 0},         {"0", 0},     {"65", 0}, {"-1", 0}, {"SIGNONE", 0}, {"SIGRTMIN+99", 0},
      {"SIGRTMIN+", 0}, {"SIG", 0},  {"SIGRTMIN+-0", 0}, {"RTMAX--2", 0},
      {"SIGRTMIN+2147483647", 0},    {"SIGRTMAX--2147483648", 0},
  }));
  CAPTURE(text);
  CHECK(docker::parseSignal(text) == number);
}

TEST_CASE("EngineCodec.ContainerInspect") {
  const auto report = docker::parseContainerInspect(R"({
    "Id":"c1","Name":"/web1",
    "State":{"Status":"running","Running":true,"Paused":false,"Restarting":false,
             "StartedAt":"2026-11-22T20:00:00.1Z","Health":{"Status":"unhealthy","Log":null}},
    "Config":{"StopSignal":"SIGUSR2","StopTimeout":30},
    "NetworkSettings":{"Networks":{
      "web1":{"NetworkID":"n1","EndpointID":"e1","MacAddress":"02:42:0a:00:00:65"},
      "odd":null}}})");
  REQUIRE(report);
  CHECK(report->name == "web1");
  CHECK(report->run == core::RunState::Running);
  CHECK(report->health == core::Health::Unhealthy);
  CHECK(report->stopSignal == 12);
  CHECK(report->stopTimeout == std::chrono::seconds(30));
  REQUIRE(report->attachments.size() == 1);
  CHECK(report->attachments[0].endpoint == EndpointId("e1"));
  CHECK(report->attachments[0].mac == mac("02:42:0a:00:00:65"));
}

TEST_CASE("EngineCodec.ContainerDefaults") {
  const auto report = docker::parseContainerInspect(
      R"({"Id":"c1","State":{"Running":true,"Restarting":true},"Config":{"StopTimeout":null}})");
  REQUIRE(report);
  CHECK(report->run == core::RunState::Stopped);  // between two runs
  CHECK(report->health == core::Health::None);
  CHECK(report->stopSignal == 15);
  CHECK(report->stopTimeout == std::chrono::seconds(10));
}

TEST_CASE("EngineCodec.NetworksAreCanonical") {
  const auto list = docker::parseNetworkList(R"([
    {"Id":"g1","Name":"gw","Driver":"bridge","Labels":{"bgplb_advertise":"true"},
     "Options":{"com.docker.network.bridge.name":"bgplb_gwbridge"},
     "IPAM":{"Config":[{"Subnet":"172.23.0.0/24"},{"Subnet":"2001:db8::0/64"},{"Subnet":"bad"}]}},
    {"Id":"h","Name":"host","Driver":"host","Labels":{},"IPAM":{"Config":null}}, 7])");
  REQUIRE(list);
  REQUIRE(list->size() == 2);
  CHECK((*list)[0].subnets == std::vector<Prefix>{net("172.23.0.0/24"), net("2001:db8::/64")});
  CHECK((*list)[0].labels.at("bgplb_advertise") == "true");
}

TEST_CASE("EngineCodec.Events") {
  const auto event = docker::parseEvent(
      R"({"Type":"container","Action":"kill","Actor":{"ID":"c1","Attributes":{"signal":"12","x":1}},)"
      R"("scope":"local","time":1,"timeNano":1700000000000000001})");
  REQUIRE(event);
  CHECK(event->action == "kill");
  CHECK(event->attributes.at("signal") == "12");
  CHECK(event->timeNano == 1700000000000000001);
  for (const char* bad : {"", "{}", "[]", "{\"Type\":1}", "{\"Type\":\"a\",\"Action\":\"b\"}"}) {
    CHECK_FALSE(docker::parseEvent(bad));
  }
}

TEST_CASE("EngineClient.UrlEncodes") {
  CHECK(docker::urlEncode(R"({"a":["b c"]})") == "%7B%22a%22%3A%5B%22b%20c%22%5D%7D");
}

TEST_CASE("Json.DeepNestingIsRefused") {
  CHECK_FALSE(docker::parseObject("{\"a\":" + std::string(100000, '[')));
}
