// Tests of the routes that the peer receives over each kind of session.
#include "netns/bird_lab.hpp"

#include <sys/stat.h>

using namespace bgplb;
using namespace bgplb::bird;
using namespace bgplb::test::bird_lab;
using namespace std::chrono_literals;
using bgplb::test::ip;
using bgplb::test::net;

TEST_CASE("Bird.PeerReceivesAnnouncementsAndWithdrawals", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  int confirmations = 0;
  lab.routing->onConfirmed([&] { ++confirmations; });
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));

  lab.routing->announce(kVip6);
  REQUIRE(lab.eventually([&] { return router.has(kVip6); }));
  const auto both = router.received();
  CHECK(both.nextHops.at(kVip4.toString()) == "10.77.0.1");
  // A single next hop, without an additional link-local one.
  CHECK(both.nextHops.at(kVip6.toString()) == "fd77::1");
  CHECK(both.attributes.find("as_path: 65001\n") != std::string::npos);
  CHECK(both.attributes.find("origin: IGP\n") != std::string::npos);

  const auto status = lab.status();
  REQUIRE(status);
  REQUIRE(status->peers.size() == 1);
  CHECK(status->peers[0].address == "10.77.0.2");
  CHECK(status->peers[0].as == 65002);
  CHECK(status->peers[0].exported == std::set<Prefix>{kVip4, kVip6});
  CHECK(status->refused.empty());

  lab.routing->withdraw(kVip4);
  CHECK(lab.routing->mayBeAnnounced(kVip4));
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip4); }));
  CHECK(confirmations == 1);
  REQUIRE(lab.eventually([&] { return !router.has(kVip4); }));
  const auto after = router.received();
  CHECK(after.nextHops.size() == 1);
  CHECK(after.withdrawals == 1);
  CHECK(after.updates == 2);
}

// The controller refuses such prefixes itself; the filter holds even if it announced one.
TEST_CASE("Bird.AllowedPrefixesFilterTheRoutes_AndTheSessionStaysWhenTheyChange", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  auto model = Lab::model();
  lab.runController(model, {kVip4, kOther4, kVip6});
  REQUIRE(lab.eventually(
      [&] { return router.has(kVip4) && router.has(kOther4) && router.has(kVip6); }));
  const auto before = lab.status();

  model.allowedPrefixes = {kVip4};
  REQUIRE(lab.routing->setModel(model).has_value());
  REQUIRE(lab.eventually([&] { return !router.has(kOther4) && !router.has(kVip6); }));
  CHECK(router.has(kVip4));
  model.allowedPrefixes = {net("2001:db8::/32"), net("10.0.0.0/24")};
  REQUIRE(lab.routing->setModel(model).has_value());
  REQUIRE(lab.eventually([&] { return router.has(kOther4) && router.has(kVip6); }));
  lab.routing->announce(net("10.0.1.0/24"));
  lab.routing->announce(net("10.0.0.0/16"));
  lab.routing->announce(net("2001:db8:7::/64"));
  REQUIRE(lab.eventually([&] { return router.has(net("2001:db8:7::/64")); }));
  CHECK_FALSE(router.has(net("10.0.1.0/24")));
  CHECK_FALSE(router.has(net("10.0.0.0/16")));
  CHECK(lab.status()->peers[0].since == before->peers[0].since);
}

TEST_CASE("Bird.NoIpv6WithoutANextHop_AndSessionStaysWhenOneIsAdded", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  auto model = Lab::model();
  model.peers[0].nextHop6.reset();
  lab.runController(model, {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  CHECK_FALSE(router.has(kVip6));
  const auto before = lab.status();

  model.peers[0].nextHop6 = ip("fd77::1");
  REQUIRE(lab.routing->setModel(model).has_value());
  REQUIRE(lab.eventually([&] { return router.has(kVip6); }));
  CHECK(router.received().nextHops.at(kVip6.toString()) == "fd77::1");
  CHECK(lab.status()->peers[0].since == before->peers[0].since);
}

TEST_CASE("Bird.Ipv6Session_BothFamiliesHaveTheirNextHop", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, "  local fd77::2 as 65002;\n  neighbor fd77::1 as 65001;\n");
  auto model = Lab::model();
  model.peers = {Lab::peer("fd77::2")};
  lab.runController(model, {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  const auto seen = router.received();
  CHECK(seen.nextHops.at(kVip4.toString()) == "10.77.0.1");
  CHECK(seen.nextHops.at(kVip6.toString()) == "fd77::1");
}

TEST_CASE("Bird.InternalSession_HasAnEmptyPath", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, "  local 10.77.0.2 as 65001;\n  neighbor 10.77.0.1 as 65001;\n");
  auto model = Lab::model();
  model.peers[0].as = model.localAs;
  lab.runController(model, {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  const auto seen = router.received();
  CHECK(seen.nextHops.at(kVip4.toString()) == "10.77.0.1");
  CHECK(seen.nextHops.at(kVip6.toString()) == "fd77::1");
  CHECK(seen.attributes.find("65001") == std::string::npos);
}

TEST_CASE("Bird.MultihopPeerIsReachedThroughAGateway", "[netns]") {
  Lab lab;
  lab.there.shell("ip addr add 10.78.0.1/32 dev lo");
  test::shell("ip route add 10.78.0.1/32 via 10.77.0.2");
  Router router(lab.io, lab.there,
                "  local 10.78.0.1 as 65002;\n  neighbor 10.77.0.1 as 65001;\n  multihop;\n");
  auto model = Lab::model();
  model.peers = {Lab::peer("10.78.0.1")};
  model.peers[0].hops.reset();
  lab.runController(model, {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  const auto seen = router.received();
  CHECK(seen.nextHops.at(kVip4.toString()) == "10.77.0.1");
  CHECK(seen.nextHops.at(kVip6.toString()) == "fd77::1");
}

TEST_CASE("Bird.SessionWithPassword", "[netns]") {
  Lab lab;
  const std::string password = "a;b}c{d'e#f \\ {{x}}";
  Router router(lab.io, lab.there, Lab::session4() + "  password \"" + password + "\";\n");
  auto model = Lab::model();
  model.peers[0].password = Secret(password);
  lab.runController(model, {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  struct stat file {};
  REQUIRE(::stat((lab.run / "bird.conf").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0640);
  CHECK(file.st_uid == 0);
  CHECK(file.st_gid == kBirdUser.gid);
}

TEST_CASE("Bird.PeerAddedAndRemoved_OtherSessionsStay", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  auto model = Lab::model();
  lab.runController(model, {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = lab.status();

  model.peers.push_back(Lab::peer("10.77.0.3"));
  REQUIRE(lab.routing->setModel(model).has_value());
  REQUIRE(lab.eventually([&] { return lab.status()->peers.size() == 2; }));
  model.peers.pop_back();
  REQUIRE(lab.routing->setModel(model).has_value());
  lab.routing->announce(kOther4);  // while BIRD is stopping a protocol
  REQUIRE(lab.eventually([&] { return lab.status()->peers.size() == 1 && router.has(kOther4); }));
  CHECK(lab.status()->peers[0].since == before->peers[0].since);
  CHECK(lab.pid() == before->pid);
}
