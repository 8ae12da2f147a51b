// Tests of faults: a refused configuration, a missing binary, a port in use, a log without a
// reader.
#include "netns/bird_lab.hpp"

#include "bird/daemon.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace bgplb;
using namespace bgplb::bird;
using namespace bgplb::test::bird_lab;
using namespace std::chrono_literals;

namespace {

// A template whose result BIRD refuses while the VIPs are limited to allowed prefixes.
std::string refusedWithAllowedPrefixes(const Lab& lab) {
  auto copy = lab.run / "edited.mustache";
  std::filesystem::copy_file(kTemplate, copy);
  std::ofstream(copy, std::ios::app)
      << "{{#limitsPrefixes}}protocol nonsense { }{{/limitsPrefixes}}\n";
  return copy;
}

core::RoutingConfig refusedModel() {
  auto model = Lab::model();
  model.allowedPrefixes = {kVip4};
  return model;
}

}  // namespace

TEST_CASE("Bird.RefusedConfiguration_KeepsThePreviousOneAndVipsStillChange", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4}, refusedWithAllowedPrefixes(lab));
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = lab.status();
  const auto good = io::readFile(lab.run / "bird.conf").value();

  REQUIRE(lab.routing->setModel(refusedModel()).has_value());
  REQUIRE(lab.eventually([&] { return !lab.status()->refused.empty(); }));
  CHECK(lab.status()->refused.find("bird.conf:") != std::string::npos);
  CHECK(io::readFile(lab.run / "bird.conf").value() == good);

  lab.routing->announce(kOther4);
  REQUIRE(lab.eventually([&] { return router.has(kOther4); }));
  lab.routing->withdraw(kVip4);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip4); }));
  CHECK(lab.status()->peers[0].since == before->peers[0].since);

  // BIRD must be able to restart with the files on the disk.
  ::kill(before->pid, SIGKILL);
  REQUIRE(lab.eventually([&] { return lab.established() && lab.pid() != before->pid; }));
  REQUIRE(lab.eventually([&] { return router.has(kOther4); }));

  auto accepted = Lab::model();
  accepted.holdTime = 60s;
  REQUIRE(lab.routing->setModel(accepted).has_value());
  REQUIRE(lab.eventually([&] { return lab.status() && lab.status()->refused.empty(); }));
  CHECK(io::readFile(lab.run / "bird.conf").value().find("hold time 60;") != std::string::npos);
}

TEST_CASE("Bird.RefusedAtFirstStart_IsRetriedWhenTheModelChanges", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(refusedModel(), {kVip4}, refusedWithAllowedPrefixes(lab));
  const auto refused = [&] {
    const auto reply = await(lab.io, lab.routing->status());
    return !reply && reply.error().message.find("syntax error") != std::string::npos;
  };
  REQUIRE(lab.eventually(refused));

  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
}

TEST_CASE("Bird.MissingBinary_IsStartedOnceItExists", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.binary = lab.run / "late-bird";
  lab.runController(Lab::model(), {kVip4});
  lab.routing->announce(kOther4);
  const auto missing = [&] {
    const auto reply = await(lab.io, lab.routing->status());
    return !reply && reply.error().message.find("No such file") != std::string::npos;
  };
  REQUIRE(lab.eventually(missing));
  // Confirmed immediately: without a session, no peer can have the route.
  lab.routing->withdraw(kOther4);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kOther4); }));

  std::ofstream(lab.binary + ".new") << "#!/bin/sh\nexec " << birdUnderTest() << " \"$@\"\n";
  std::filesystem::permissions(lab.binary + ".new", std::filesystem::perms(0755));
  std::filesystem::rename(lab.binary + ".new", lab.binary);
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  CHECK_FALSE(router.has(kOther4));
}

TEST_CASE("Bird.PortInUse_IsReportedAndRetried", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(1790);
  REQUIRE(::bind(taken, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
  REQUIRE(::listen(taken, 1) == 0);
  lab.runController(Lab::model(), {kVip4});
  const auto noticed = [&] {
    const auto now = lab.status();
    return now && now->peers.size() == 1 && cannotListen(now->peers[0]);
  };
  REQUIRE(lab.eventually(noticed));
  ::close(taken);
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
}

TEST_CASE("Bird.LogWithoutAReader_DoesNotBlockBird", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  lab.routing.reset();
  test::runReady(lab.io);

  const int log = ::open((lab.run / "bird.log").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(log >= 0);
  const std::string line(1024, 'x');
  while (::write(log, line.data(), line.size()) > 0) {
  }
  while (::write(log, "x", 1) > 0) {
  }
  ::close(log);
  ControlClient client(lab.io);
  REQUIRE(await(lab.io, client.connect(lab.run / "bird.ctl", 5s)).has_value());
  for (int i = 0; i < 100; ++i) {  // each command logs two lines
    REQUIRE(await(lab.io, client.command("configure", 5s)).has_value());
  }
  CHECK(router.received().established);
}
