// A health check that could not run does not change the container's health.
#include "docker/dialogue_host.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using docker::HealthChecks;
using docker::InspectContainer;

namespace {

// A healthy container of web1, whose last check has succeeded.
struct Checked : ConnectedHost {
  core::ContainerReport report = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);

  Checked() {
    container("start", kCtr1);
    inspect(report);
    check(0);
  }
  void check(int exitCode) {
    event("container", "exec_die", kCtr1.value, {{"exitCode", std::to_string(exitCode)}});
  }
  void unhealthy() { container("health_status: unhealthy", kCtr1); }
  bool asks() const { return DialogueHost::asks(InspectContainer{kCtr1}); }
  Health health() { return facts().containers.at(kCtr1).health; }
  void inspectBroken() {
    report.health = Health::Unhealthy;
    report.checkProblem = "OCI runtime exec failed";
    inspect(report);
  }
};

}  // namespace

TEST_CASE("HealthChecks.UnhealthyAfterAFailedCheckCountsAtOnce") {
  Checked host;
  host.check(1);
  host.unhealthy();
  CHECK(host.health() == Health::Unhealthy);
  CHECK_FALSE(host.asks());
}

// Another controller may have received the event of the last check.
TEST_CASE("HealthChecks.UnhealthyWithoutAKnownCheckCountsAtOnce") {
  ConnectedHost host;
  host.container("start", kCtr1);
  host.inspect(test::report(kCtr1, kWeb1, kEp1, Health::Healthy));
  host.container("health_status: unhealthy", kCtr1);
  CHECK(host.facts().containers.at(kCtr1).health == Health::Unhealthy);
}

TEST_CASE("HealthChecks.ACheckThatCouldNotRunChangesNothing_UntilOneRunsAndFails") {
  Checked host;
  host.unhealthy();
  CHECK(host.health() == Health::Healthy);
  REQUIRE(host.asks());
  host.inspectBroken();
  CHECK(host.health() == Health::Healthy);
  CHECK(host.logged("container ctr-c1: its health check cannot run: OCI runtime exec failed"));
  host.pass(HealthChecks::kPatience);
  CHECK(host.health() == Health::Healthy);

  // dockerd has already reported the container as unhealthy, so it sends no second event.
  host.check(1);
  REQUIRE(host.asks());
  host.report.checkProblem.clear();
  host.inspect(host.report);
  CHECK(host.health() == Health::Unhealthy);
  CHECK(host.logged("resolved: container ctr-c1: its health check runs"));
}

TEST_CASE("HealthChecks.ADoubtfulUnhealthyThatTheInspectionConfirms") {
  Checked host;
  host.unhealthy();  // the check has timed out
  host.report.health = Health::Unhealthy;
  host.inspect(host.report);
  CHECK(host.health() == Health::Unhealthy);
}

TEST_CASE("HealthChecks.ADoubtfulUnhealthyCountsAfterASecondWithoutAnAnswer") {
  Checked host;
  host.unhealthy();
  host.pass(HealthChecks::kPatience - 1ms);
  CHECK(host.health() == Health::Healthy);
  SECTION("no answer") {
    host.pass(1ms);
    CHECK(host.health() == Health::Unhealthy);
  }
  SECTION("healthy again meanwhile") {
    host.container("health_status: healthy", kCtr1);
    host.pass(1ms);
    CHECK(host.health() == Health::Healthy);
  }
}

TEST_CASE("HealthChecks.TheEndOfAProcessMakesNoInspectionOutdated") {
  Checked host;
  host.unhealthy();
  const auto revision = host.facts().revision;
  host.check(0);
  CHECK(host.facts().revision == revision);
  host.inspectBroken();
  CHECK_FALSE(host.asks());
  host.event("container", "exec_die", "unknown", {{"exitCode", "1"}});
  CHECK_FALSE(host.facts().containers.contains(ContainerId("unknown")));
}

TEST_CASE("HealthChecks.TheLogOfTheChecksShowsWhichOnesRan") {
  const std::string ran0 = R"({"ExitCode":0,"Output":"ok"})";
  const std::string ran1 = R"({"ExitCode":1,"Output":"500"})";
  const std::string late = R"x({"ExitCode":-1,"Output":"Health check exceeded timeout (2s)"})x";
  const std::string broken = R"({"ExitCode":-1,"Output":"OCI runtime exec failed"})";
  const auto [checks, health, problem] = GENERATE_COPY(table<std::string, Health, std::string>({
      {ran1 + "," + ran1, Health::Unhealthy, ""},
      {ran0 + "," + late, Health::Unhealthy, ""},
      {ran0 + "," + broken + "," + broken, Health::Healthy, "OCI runtime exec failed"},
      {ran1 + "," + broken, Health::Unhealthy, "OCI runtime exec failed"},
      {late + "," + broken, Health::Unhealthy, "OCI runtime exec failed"},
      {broken, Health::Unhealthy, "OCI runtime exec failed"},
      {"7", Health::Unhealthy, ""},
  }));
  CAPTURE(checks);
  const auto report = docker::parseContainerInspect(
      R"({"Id":"c1","State":{"Running":true,"Health":{"Status":"unhealthy","Log":[)" + checks +
      "]}}}");
  REQUIRE(report);
  CHECK(report->health == health);
  CHECK(report->checkProblem == problem);
}
