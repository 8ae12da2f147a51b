#include "settings/environment.hpp"

#include "settings/schema.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using Values = std::map<std::string, std::string>;

namespace {

settings::Outcome parse(Values values) {
  return settings::readEnvironment([values](const std::string& name) -> std::optional<std::string> {
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

std::string problemOf(const Values& changes) {
  const auto outcome = parse(good(changes));
  REQUIRE(outcome.problems.size() == 1);
  return outcome.problems.front();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Settings.ScenarioAndDefaults") {
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

TEST_CASE("Settings.EmptyIsTheDefault") {
  CHECK(parse(good({{"LOCAL_AS", ""}, {"HOLD_TIME", ""}, {"ROUTER_PORT", ""}})).problems.empty());
}

TEST_CASE("Settings.AllProblemsAreReportedAtOnce") {
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

TEST_CASE("Settings.WrongValues") {
  const auto [name, value] = GENERATE(table<std::string, std::string>({
      {"ROUTER_ID", "host"},
      {"ROUTER_ID", "2001:db8::1"},
      {"ROUTER_ID", "0.0.0.0"},
      {"ROUTER_ID6", "10.0.0.1"},
      {"ROUTER_ID6", "fe80::1"},
      {"ROUTER_ID6", "::ffff:192.168.8.40"},
      {"LOCAL_AS", "4294967296"},
      {"LOCAL_AS", "-1"},
      {"LOCAL_AS", "65534x"},
      {"PEER_AS", "0"},
      {"PEER_AS", "1,2"},
      {"PEER_AS", "64512,"},
      {"PEER_ADDRESS", "192.168.8.137,"},
      {"PEER_ADDRESS", "192.168.8.137,192.168.8.137"},
      {"PEER_ADDRESS", "::1"},
      {"PEER_ADDRESS", "fe80::1%eth0"},
      {"PEER_ADDRESS", "::ffff:192.168.8.137"},
      {"ROUTER_PORT", "0"},
      {"ROUTER_PORT", "65536"},
      {"INSTANCE", "0"},
      {"INSTANCE", "9"},
      {"INSTANCE", "test"},
      {"PEER_PASSWORD", "say \"hello\""},
      {"PEER_PASSWORD", "two\nlines"},
      {"PEER_PASSWORD", std::string(81, 'x')},
      {"PEER_PASSWORD", "-"},
      {"SIGUSR2_HANDLER", "1"},
      {"HOLD_TIME", "65536"},
      {"DRAIN_GRACE", "-1"},
      {"DRAIN_DELAY", "nan"},
      {"MULTIPATH_HASH", "layer4"},
      {"VIP_MSS", "535"},
      {"VIP_MSS", "65496"},
      {"VIP_MSS", "auto"},
      {"LOG_LEVEL", "loud"},
      {"ALLOWED_PREFIXES", "10.0.0.0"},
      {"ALLOWED_PREFIXES", "10.0.0.0/33"},
      {"ALLOWED_PREFIXES", "10.0.0.0/24,"},
      {"ALLOWED_PREFIXES", "10.0.0.0/24 10.1.0.0/24"},
      {"ALLOWED_PREFIXES", "10.0.0.1/24"},
  }));
  CAPTURE(name, value);
  const auto outcome = parse(good({{name, value}}));
  REQUIRE(outcome.problems.size() == 1);
  CHECK(outcome.problems[0].find(name) != std::string::npos);
}

TEST_CASE("Settings.AllowedPrefixesAreAList") {
  CHECK(parse(good()).settings.allowedPrefixes.empty());
  const auto outcome = parse(good({{"ALLOWED_PREFIXES", "10.0.0.0/24, 2001:DB8::/32,0.0.0.0/0"}}));
  CHECK(outcome.problems.empty());
  CHECK(outcome.settings.allowedPrefixes ==
        std::vector<Prefix>{net("10.0.0.0/24"), net("2001:db8::/32"), net("0.0.0.0/0")});
  CHECK(contains(problemOf({{"ALLOWED_PREFIXES", "10.0.0.5/24"}}), "its prefix is 10.0.0.0/24"));
}

TEST_CASE("Settings.VipMssIsANumberOfBytes") {
  CHECK_FALSE(parse(good()).settings.vipMss);
  CHECK(parse(good({{"VIP_MSS", "536"}})).settings.vipMss == 536U);
  CHECK(parse(good({{"VIP_MSS", "65495"}})).settings.vipMss == 65495U);
}

TEST_CASE("Settings.ProblemsNeverContainAPassword") {
  for (const char* password : {"top\"secret", "secret,", "a,,secret", "secret\n"}) {
    CAPTURE(password);
    const auto outcome =
        parse(good({{"PEER_ADDRESS", "192.168.8.137,192.168.8.138"}, {"PEER_PASSWORD", password}}));
    REQUIRE(outcome.problems.size() == 1);
    CHECK_FALSE(contains(outcome.problems[0], "secret"));
  }
}

TEST_CASE("Settings.ReservedAsNumbersAreRefusedWithTheReason") {
  const auto [as, reason] = GENERATE(table<std::string, std::string>({
      {"0", "AS 0 is reserved (RFC 7607)"},
      {"23456", "AS_TRANS, RFC 6793"},
      {"65535", "AS 65535 is reserved (RFC 7300)"},
      {"4294967295", "AS 4294967295 is reserved (RFC 7300)"},
  }));
  CHECK(contains(problemOf({{"LOCAL_AS", as}}), "LOCAL_AS=" + as + ": "));
  CHECK(contains(problemOf({{"LOCAL_AS", as}}), reason));
  CHECK(contains(problemOf({{"PEER_AS", as}}), reason));
  CHECK(contains(
      problemOf({{"PEER_ADDRESS", "192.168.8.137,192.168.8.138"}, {"PEER_AS", "64512," + as}}),
      reason));
}

TEST_CASE("Settings.AProblemContainsTheReasonAndTheAllowedValues") {
  CHECK(contains(problemOf({{"PEER_ADDRESS", "192.168.8.137,224.0.0.1"}}),
                 "no session is possible with 224.0.0.1; it takes the address"));
  CHECK(contains(problemOf({{"PEER_ADDRESS", "169.254.77.1"}}), "no session is possible"));
  CHECK(parse(good({{"PEER_ADDRESS", "169.254.169.254"}, {"ROUTER_ID", "169.254.6.1"}}))
            .problems.empty());
  CHECK(contains(problemOf({{"PEER_ADDRESS", "192.168.8.137,192.168.8.137"}}), "listed twice"));
  CHECK(contains(problemOf({{"PEER_ADDRESS", "127.0.0.2"}}), "127.0.0.2 is the plugin's own"));
  CHECK(contains(problemOf({{"PEER_AS", "1,2"}}), "2 values for 1 peers"));
}

TEST_CASE("Settings.ThePeerMayBeARoutingDaemonOfThisHost") {
  for (const char* address : {"127.0.0.1", "192.168.8.40"}) {
    CAPTURE(address);
    const auto outcome = parse(good({{"ROUTER_ID", "192.168.8.40"}, {"PEER_ADDRESS", address}}));
    REQUIRE(outcome.problems.empty());
    CHECK(outcome.settings.peers[0].address == ip(address));
  }
}

// A wrong address leaves no peers. The lists of the other settings must not be reported as too
// long.
TEST_CASE("Settings.AWrongPeerAddressIsOneProblem") {
  const auto outcome = parse(good({{"PEER_ADDRESS", "192.168.8.137,nonsense"},
                                   {"PEER_AS", "64512,64513"},
                                   {"PEER_PASSWORD", "one,two"}}));
  REQUIRE(outcome.problems.size() == 1);
  CHECK(contains(outcome.problems[0], "PEER_ADDRESS"));
}

TEST_CASE("Settings.SeveralPeers") {
  const auto one =
      parse(good({{"PEER_ADDRESS", "192.168.8.137,2001:db8::137"}, {"PEER_PASSWORD", "both"}}));
  REQUIRE(one.problems.empty());
  CHECK(one.settings.peers[1].as == 64512);
  CHECK(one.settings.peers[1].password == Secret("both"));
  CHECK(one.settings.peers[0].name == "192_168_8_137");
  CHECK(one.settings.peers[1].name == "2001_db8__137");
  const auto each = parse(good({{"PEER_ADDRESS", "192.168.8.137, 192.168.8.138"},
                                {"PEER_AS", "64512, 4294967294"},
                                {"PEER_PASSWORD", "a, b"}}));
  REQUIRE(each.problems.empty());
  CHECK(each.settings.peers[1].as == 4294967294);
  CHECK(each.settings.peers[0].password == Secret("a"));
  CHECK(each.settings.peers[1].password == Secret("b"));
}

// An empty entry is more likely a mistake than a request for a session without authentication.
TEST_CASE("Settings.AnEmptyPasswordInAListIsRefused_AHyphenMeansNoPassword") {
  const Values two{{"PEER_ADDRESS", "192.168.8.137,192.168.8.138"}};
  for (const char* passwords : {"a,", ",b", ",", "a, ", "a,,b"}) {
    CAPTURE(passwords);
    Values values = two;
    values["PEER_PASSWORD"] = passwords;
    CHECK(contains(problemOf(values), "none of them empty"));
  }
  Values values = two;
  values["PEER_PASSWORD"] = "-,b";
  const auto outcome = parse(good(values));
  REQUIRE(outcome.problems.empty());
  CHECK(outcome.settings.peers[0].password.empty());
  CHECK(outcome.settings.peers[1].password == Secret("b"));
  values["PEER_PASSWORD"] = "-";
  CHECK(contains(problemOf(values), "PEER_PASSWORD: it takes"));
}

TEST_CASE("Settings.ThePasswordOfASinglePeerMayContainCommas") {
  for (const char* password : {"a,b;{c}'", "a,", ",", "-,-"}) {
    CAPTURE(password);
    const auto outcome = parse(good({{"PEER_PASSWORD", password}}));
    REQUIRE(outcome.problems.empty());
    CHECK(outcome.settings.peers[0].password == Secret(password));
  }
}

TEST_CASE("Settings.TheDocumentedDefaultsAreTheDefaults") {
  std::set<std::string_view> names;
  std::set<std::string_view> keys;
  for (const auto& setting : settings::schema()) {
    CAPTURE(setting.name);
    CHECK(names.insert(setting.name).second);
    CHECK(keys.insert(setting.key).second);
    CHECK_FALSE(setting.takes.empty());
    CHECK_FALSE(setting.help.empty());
    CHECK(setting.required + !setting.standard.empty() + !setting.without.empty() == 1);
    if (setting.standard.empty()) continue;
    settings::Settings read;
    CHECK_FALSE(setting.read(std::string(setting.standard), read));
    CHECK(read == settings::Settings{});
  }
}
