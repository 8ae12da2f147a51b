// dockerd stops and its socket still listens, as with systemd's docker.socket: a connection would
// start dockerd again.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

TEST_CASE("Dockerd.StoppedBehindASocketThatListens_NothingConnectsToIt", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.dockerd.stop();
  CHECK_FALSE(eventually([&] { return lab.dockerd.isWoken(); }, 5s));
  lab.checkKept();

  lab.dockerd.startAgain();
  REQUIRE(eventually([&] { return lab.dockerd.streams() > 0; }));
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}

// dockerd closes its API first and removes its pid file when its containers have stopped.
TEST_CASE("Dockerd.ApiClosedBeforeThePidFileIsRemoved_NothingConnectsToIt", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.dockerd.stop(FakeDockerd::PidFile::Stays);
  CHECK_FALSE(eventually([&] { return lab.dockerd.isWoken(); }, 3s));
  lab.dockerd.startAgain();
  REQUIRE(eventually([&] { return lab.dockerd.streams() > 0; }));
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.IdleConnectionsEndBeforeTheStream_NothingConnectsToIt", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.dockerd.beginStop();
  CHECK_FALSE(eventually([&] { return lab.dockerd.isWoken(); }, 2s));
  lab.dockerd.stop();
  CHECK_FALSE(eventually([&] { return lab.dockerd.isWoken(); }, 2s));
  lab.dockerd.startAgain();
  REQUIRE(eventually([&] { return lab.dockerd.streams() > 0; }));
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.StopOfTheControllerWhileDockerdHasStopped_WithdrawsAndDoesNotConnect",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.dockerd.stop();
  lab.controller.signal(SIGTERM);
  REQUIRE(eventually([&] { return lab.isWithdrawn(lab.kept); }));
  CHECK_FALSE(lab.dockerd.isWoken());
}
