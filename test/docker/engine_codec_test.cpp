#include "docker/engine_client.hpp"
#include "docker/engine_codec.hpp"
#include "json/read.hpp"

#include <fmt/format.h>

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

TEST_CASE("EngineCodec.Signals") {
  const auto [text, number] = GENERATE(table<std::string, int>({
      {"SIGUSR2", 12},
      {"USR2", 12},
      {"12", 12},
      {"SIGTERM", 15},
      {"TERM", 15},
      {"SIGQUIT", 3},
      {"SIGKILL", 9},
      {"9", 9},
      {"SIGRTMIN", 34},
      {"SIGRTMIN+3", 37},
      {"RTMAX-2", 62},
      {"", 0},
      {"0", 0},
      {"65", 0},
      {"-1", 0},
      {"SIGNONE", 0},
      {"SIGRTMIN+99", 0},
      {"SIGRTMIN+", 0},
      {"SIG", 0},
      {"SIGRTMIN+-0", 0},
      {"RTMAX--2", 0},
      {"SIGRTMIN+2147483647", 0},
      {"SIGRTMAX--2147483648", 0},
  }));
  CAPTURE(text);
  CHECK(docker::parseSignal(text) == number);
}

TEST_CASE("EngineCodec.AContainerAndItsReplacementHaveTheSameService") {
  const auto [labels, service] = GENERATE(table<std::string, std::string>({
      {"null", "name:web-1"},
      {R"({"com.docker.swarm.service.id":"s1","com.docker.swarm.task.id":"t1"})", "swarm:s1"},
      {R"({"com.docker.compose.project":"shop","com.docker.compose.service":"web",
           "com.docker.compose.container-number":"1"})",
       "compose:shop/web"},
      {R"({"com.docker.compose.project":"shop"})", "name:web-1"},
  }));
  const auto report = docker::parseContainerInspect(
      R"({"Id":"c1","Name":"/web-1","State":{"Status":"running"},"Config":{"Labels":)" + labels +
      "}}");
  REQUIRE(report);
  CHECK(report->service == service);
}

TEST_CASE("EngineCodec.ContainerInspect") {
  const auto report = docker::parseContainerInspect(R"({
    "Id":"c1","Name":"/web1",
    "State":{"Status":"running","Running":true,"Paused":false,"Restarting":false,
             "StartedAt":"2026-11-22T20:00:00.1Z","Health":{"Status":"unhealthy","Log":null}},
    "Config":{"StopSignal":"SIGUSR2","StopTimeout":30,
              "ExposedPorts":{"53/udp":{},"80/tcp":{},"odd":null}},
    "HostConfig":{"Sysctls":{"net.ipv6.conf.all.disable_ipv6":"1",
                             "net.ipv4.conf.all.rp_filter":"2"}},
    "NetworkSettings":{"Networks":{
      "web1":{"NetworkID":"n1","EndpointID":"e1","MacAddress":"02:42:0a:00:00:65",
              "GlobalIPv6Address":"2001:db8:0:1::101"},
      "gateway":{"NetworkID":"n2","EndpointID":"e2","MacAddress":"","GlobalIPv6Address":""},
      "odd":null}}})");
  REQUIRE(report);
  CHECK(report->name == "web1");
  CHECK(report->run == core::RunState::Running);
  CHECK(report->health == core::Health::Unhealthy);
  CHECK(report->stopSignal == 12);
  CHECK(report->ports == core::parseExposedPorts({"80/tcp", "53/udp"}));
  CHECK(report->ipv6Disabled);
  CHECK(report->reversePathFilter == 2);
  CHECK(report->stopTimeout == std::chrono::seconds(30));
  REQUIRE(report->attachments.size() == 2);
  CHECK(report->attachments[0].endpoint == EndpointId("e1"));
  CHECK(report->attachments[0].mac == mac("02:42:0a:00:00:65"));
  CHECK(report->attachments[0].address6 == *Address::parse("2001:db8:0:1::101"));
  CHECK(!report->attachments[1].address6);
}

TEST_CASE("EngineCodec.AContainerInTheNetworkNamespaceOfAnother") {
  const auto parsed = [](const std::string& hostConfig, const std::string& state) {
    const auto report = docker::parseContainerInspect(R"({"Id":"c2","State":{"Running":true)" +
                                                      state + R"(},"HostConfig":)" + hostConfig +
                                                      R"(,"NetworkSettings":{"Networks":{}}})");
    REQUIRE(report);
    return *report;
  };
  const std::string checked = R"(,"Health":{"Status":"starting"})";
  const auto app = parsed(R"({"NetworkMode":"container:c1"})", checked);
  CHECK(app.namespaceOf == "c1");
  CHECK(app.server);
  CHECK_FALSE(parsed(R"({"NetworkMode":"container:c1"})", "").server);
  for (const auto& [policy, server] : {std::pair{"always", true},
                                       {"unless-stopped", true},
                                       {"on-failure", false},
                                       {"no", false}}) {
    CAPTURE(policy);
    const std::string restart = std::string(R"({"RestartPolicy":{"Name":")") + policy + R"("}})";
    CHECK(parsed(restart, "").server == server);
    CHECK(parsed(restart, "").namespaceOf.empty());
  }
  CHECK(parsed(R"({"NetworkMode":"bridge"})", "").namespaceOf.empty());
  CHECK(parsed(R"({"NetworkMode":7})", "").namespaceOf.empty());
  const auto list = docker::parseContainerList(
      R"([{"Id":"c2","Names":["/app"],"HostConfig":{"NetworkMode":"container:c1"}},{"Id":"c1"}])");
  REQUIRE(list);
  CHECK(list->at(0).namespaceOf == "c1");
  CHECK(list->at(1).namespaceOf.empty());
}

TEST_CASE("EngineCodec.ContainerDefaults") {
  const auto report = docker::parseContainerInspect(
      R"({"Id":"c1","State":{"Running":true,"Restarting":true},"Config":{"StopTimeout":null,
          "ExposedPorts":null}})");
  REQUIRE(report);
  CHECK(report->run == core::RunState::Stopped);  // between two runs
  CHECK(report->health == core::Health::None);
  CHECK(report->stopSignal == 15);
  CHECK(report->stopTimeout == std::chrono::seconds(10));
  CHECK(report->ports.empty());
}

// Swarm sets no stop timeout in the container. Only the managers know its stop grace period.
TEST_CASE("EngineCodec.ASwarmTaskHasNoLimitForItsStopTimeout") {
  const auto report = docker::parseContainerInspect(
      R"({"Id":"c1","State":{"Running":true},"Config":{"StopSignal":"SIGQUIT",
          "Labels":{"com.docker.swarm.task":"","com.docker.swarm.task.id":"t1"}}})");
  REQUIRE(report);
  CHECK(report->stopSignal == 3);
  CHECK(report->stopTimeout >= std::chrono::hours(24 * 365));
}

TEST_CASE("EngineCodec.SubnetsAreCanonical") {
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

TEST_CASE("EngineCodec.TheIPv6AddressOfAContainerOnANetwork") {
  const std::string body = R"({"Id":"g1","Name":"docker_gwbridge","Driver":"bridge","Containers":{
    "c1":{"Name":"gateway_1f2e","IPv4Address":"172.28.0.3/24","IPv6Address":"2001:db8:0:28::3/64"},
    "c2":{"Name":"gateway_3d4c","IPv4Address":"172.28.0.4/24","IPv6Address":""}}})";
  CHECK(*docker::parseMemberAddress6(body, ContainerId("c1")) ==
        *Address::parse("2001:db8:0:28::3"));
  for (const char* other : {"c2", "c3"}) {
    CHECK(docker::parseMemberAddress6(body, ContainerId(other)).error().kind ==
          ErrorKind::NotFound);
  }
  CHECK(docker::parseMemberAddress6(R"({"Id":"g1"})", ContainerId("c1")).error().kind ==
        ErrorKind::NotFound);
  CHECK(!docker::parseMemberAddress6("[]", ContainerId("c1")).has_value());
}

// A manager lists the pools that the leader of the cluster allocated, and the leader allocates no
// IPv6 pool.
TEST_CASE("EngineCodec.ASwarmNetworkHasItsIPv6VipInTheOptions") {
  const bool ipv6 = GENERATE(true, false);
  const auto network = docker::parseNetworkInspect(fmt::format(R"({{
    "Id":"3k7qp2m9xw4v8z1t6r5y0ucab","Name":"web1","Scope":"swarm","Driver":"bgplb:latest",
    "EnableIPv6":{},"IPAM":{{"Driver":"bgplb:latest","Options":{{"v6subnet":"2001:0db8:0:1::101/128",
    "com.docker.network.ipam.serial":"true"}},"Config":[{{"Subnet":"10.0.0.101/32","Gateway":"10.0.0.101"}}]}},
    "Containers":null}})",
                                                               ipv6));
  REQUIRE(network);
  CHECK(network->clusterWide);
  std::vector<Prefix> expected{net("10.0.0.101/32")};
  if (ipv6) expected.push_back(net("2001:db8:0:1::101/128"));
  CHECK(network->subnets == expected);
}

// The services are recorded ones, except the one without a mode, which has Swarm's default.
TEST_CASE("EngineCodec.Services") {
  const auto services = docker::parseServiceList(R"([
    {"ID":"s1","Spec":{"Name":"web","TaskTemplate":{"Networks":[{"Target":"n1"},{"Target":"n2"}]},
     "EndpointSpec":{"Mode":"dnsrr"}},"Endpoint":{"Spec":{}}},
    {"ID":"s2","Spec":{"Name":"old","TaskTemplate":{"Networks":null},"Networks":[{"Target":"n1"}],
     "EndpointSpec":{"Mode":"vip"}}},
    {"ID":"s3","Spec":{"Name":"bare","TaskTemplate":{}}}, {"ID":"s4"}, 7])");
  REQUIRE(services);
  REQUIRE(services->size() == 3);
  CHECK((*services)[0].networks == std::set{NetworkId("n1"), NetworkId("n2")});
  CHECK_FALSE((*services)[0].virtualIp);
  CHECK((*services)[1].networks == std::set{NetworkId("n1")});
  CHECK((*services)[1].virtualIp);
  CHECK((*services)[2].virtualIp);
  CHECK_FALSE(docker::parseServiceList(R"({"message":"This node is not a swarm manager."})"));
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
  CHECK_FALSE(parseObject("{\"a\":" + std::string(100000, '[')));
}
