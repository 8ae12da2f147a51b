// Tests of the BGP messages octet by octet. The peer is not BIRD but a script that prints what it
// receives.
#include "netns/bird_lab.hpp"
#include "support/routes.hpp"

#include <boost/json.hpp>

using namespace bgplb;
using namespace bgplb::bird;
using namespace bgplb::test::bird_lab;

namespace {

namespace json = boost::json;

class Listener {
 public:
  explicit Listener(const test::Netns& where) {
    const std::string script = PROJECT_SOURCE_DIR "/test/bench/bgp_speaker.py";
    const std::string command =
        "exec python3 -u " + script + " --as 65002 --router-id 10.77.0.2 >" + output();
    pid_ = launchDetached({"nsenter", "--net=" + where.path(), "sh", "-c", command}, STDERR_FILENO)
               .value();
  }
  ~Listener() { endProcess(pid_); }

  // The events of this kind in the order of their arrival.
  std::vector<json::object> events(std::string_view kind) const {
    std::vector<json::object> found;
    std::ifstream lines(output());
    for (std::string line; std::getline(lines, line);) {
      boost::system::error_code incomplete;  // set for a line that is still being written
      const auto event = json::parse(line, incomplete);
      if (!incomplete && event.at("kind").as_string() == kind) found.push_back(event.as_object());
    }
    return found;
  }
  std::vector<std::string> announcements(const Prefix& prefix) const {
    std::vector<std::string> communities;
    for (const auto& event : events("announce")) {
      if (event.at("prefix").as_string() != prefix.toString()) continue;
      communities.push_back(json::serialize(event.at("ext_communities")));
    }
    return communities;
  }

 private:
  std::string output() const { return folder_ / "events"; }

  TemporaryFolder folder_;
  pid_t pid_ = 0;
};

using Texts = std::vector<std::string>;

}  // namespace

// RFC 4360: type 0x00 (transitive, two-octet AS), RFC 10005: subtype 0x04, the AS, and an IEEE 754
// number: 1 is 3f800000, 2 is 40000000, 6 is 40c00000.
TEST_CASE("Bird.BandwidthIsSent_AndAChangeIsOneUpdate", "[netns]") {
  Lab lab;
  const Listener listener(lab.there);
  lab.runController(Lab::model(), {kOther4});
  lab.routing->announce(kVip4, test::weighted(1, 1));
  lab.routing->announce(kVip6, test::weighted(3, 2));
  REQUIRE(lab.eventually([&] { return listener.announcements(kVip6).size() == 1; }));
  REQUIRE(lab.eventually([&] { return listener.announcements(kVip4).size() == 1; }));
  CHECK(listener.announcements(kVip4) == Texts{R"(["0004fde93f800000"])"});
  CHECK(listener.announcements(kVip6) == Texts{R"(["0004fde940c00000"])"});
  CHECK(listener.announcements(kOther4) == Texts{"[]"});

  lab.routing->announce(kVip4, test::weighted(2, 1));
  REQUIRE(lab.eventually([&] { return listener.announcements(kVip4).size() == 2; }));
  CHECK(listener.announcements(kVip4).back() == R"(["0004fde940000000"])");
  // Withdraw another route: all messages caused by the change arrive before this withdrawal.
  lab.routing->withdraw(kOther4);
  REQUIRE(lab.eventually([&] { return !listener.events("withdraw").empty(); }));
  CHECK(listener.events("withdraw").size() == 1);
  CHECK(listener.events("announce").size() == 4);
  CHECK(listener.events("up").size() == 1);
  CHECK(listener.events("down").empty());
}

// Without TCP_NODELAY, the IPv6 UPDATE waits for the acknowledgement of the IPv4 UPDATE.
TEST_CASE("Bird.SessionsHaveTcpNodelay", "[netns]") {
  Lab lab;
  auto listener = std::make_unique<Listener>(lab.there);
  lab.runController(Lab::model(), {kVip4});
  const auto connections = [&lab] {
    const auto bird = std::to_string(pidIn(lab.run / "bird.pid"));
    return test::tryShell("python3 " PROJECT_SOURCE_DIR "/test/netns/tcp_nodelay.py " + bird).out;
  };
  CHECK(lab.eventually([&] { return connections() == "179 1\n"; }));
  SECTION("after a reconnect") {
    listener.reset();
    listener = std::make_unique<Listener>(lab.there);
    REQUIRE(lab.eventually([&] { return listener->events("up").size() == 1; }));
    CHECK(lab.eventually([&] { return connections() == "179 1\n"; }));
  }
}

TEST_CASE("Bird.BandwidthOfAFourOctetAs_ContainsAsTrans", "[netns]") {
  Lab lab;
  const Listener listener(lab.there);
  auto model = Lab::model();
  model.localAs = 4200000000;
  lab.runController(model, {});
  lab.routing->announce(kVip4, test::weighted(1, 1));
  REQUIRE(lab.eventually([&] { return listener.announcements(kVip4).size() == 1; }));
  CHECK(listener.announcements(kVip4) == Texts{R"(["00045ba03f800000"])"});
}
