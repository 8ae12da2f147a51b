#include "cli/status.hpp"

#include "cli/client.hpp"
#include "http/unix_server.hpp"
#include "operator/api.hpp"

#include "support/catch.hpp"
#include "support/unix_peer.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

using namespace bgplb;
using namespace std::chrono_literals;

namespace {

ops::StatusPage healthy() {
  ops::StatusPage page{.version = "1.0.0", .driver = "bgplb:latest"};
  page.bird = {"2.17.5", 17, false, 3, ""};
  page.engine.following = true;
  page.peers = {{"lb_peer1",
                 "192.168.8.137",
                 64512,
                 "Established",
                 "2026-11-22T20:25:41+0000",
                 "",
                 {"10.0.0.101/32", "172.23.0.0/24"}}};
  ops::VipStatus vip{.vip = "10.0.0.101/32", .network = "web1", .hostRoute = true};
  vip.exportedTo = {"192.168.8.137"};
  vip.backends = {{"e1", "ready", "web1", "healthy", "c1", 0U, 0.0}};
  page.vips = {vip};
  page.gateways = {{"172.23.0.0/24", "gateway", "br-gateway", {"192.168.8.137"}, ""}};
  return page;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cli status: a host without problems") {
  CHECK(cli::renderStatus(healthy()) ==
        "bgplb 1.0.0  bird 2.17.5  docker connected\n"
        "\n"
        "PEER           AS     STATE        SINCE                     EXPORTED\n"
        "192.168.8.137  64512  Established  2026-11-22T20:25:41+0000  2 routes\n"
        "\n"
        "VIP            NETWORK  EXPORTED TO    HOST ROUTE  BACKEND  STATE  HEALTH\n"
        "10.0.0.101/32  web1     192.168.8.137  yes         web1     ready  healthy\n"
        "\n"
        "GATEWAY SUBNET  NETWORK  LINK        EXPORTED TO\n"
        "172.23.0.0/24   gateway  br-gateway  192.168.8.137\n");
}

TEST_CASE("cli status: a peer that is down shows its last error") {
  auto page = healthy();
  page.peers[0].lastError = "Hold timer expired";
  CHECK_FALSE(has(cli::renderStatus(page), "Hold timer expired"));  // of an earlier session
  page.peers[0].state = "Active";
  page.peers[0].exported.clear();
  const auto text = cli::renderStatus(page);
  CHECK(has(text, "Active (Hold timer expired)"));
  CHECK(has(text, "0 routes"));
}

TEST_CASE("cli status: no BIRD, no Docker API, no peers, no VIPs") {
  ops::StatusPage page{.version = "1.0.0"};
  page.bird.problem = "bird.ctl: Connection refused";
  const auto text = cli::renderStatus(page);
  CHECK(
      text.starts_with("bgplb 1.0.0  bird not running  docker not answering\n"
                       "problem: bird: bird.ctl: Connection refused\n"));
  CHECK(has(text, "PEER  AS  STATE  SINCE  EXPORTED\n"));
}

TEST_CASE("cli status: problems, notes and recovery come before the tables") {
  auto page = healthy();
  page.firewall.problem = "iptables: exit status 4";
  page.firewall.obstacles = "nft table inet mine stops forwarded packets";
  page.firewall.marksProblem = "nft: exit status 1";
  page.vips[0].problem = "10.0.0.101/32 is the VIP of network other already";
  page.gateways[0].problem = "gateway subnet 172.23.0.0/24 contains the BGP peer 172.23.0.9";
  page.notes = {"ROUTER_ID 192.168.8.40 is not an address of this host"};
  page.bird.recovering = true;
  const auto text = cli::renderStatus(page);
  const auto tables = text.find("PEER");
  const char* gateway =
      "problem: gateway: gateway subnet 172.23.0.0/24 contains the BGP peer 172.23.0.9\n";
  for (const char* line : {"problem: firewall: iptables: exit status 4\n",
                           "problem: firewall: nft table inet mine stops forwarded packets\n",
                           "problem: connection marks: nft: exit status 1\n",
                           "problem: web1: 10.0.0.101/32 is the VIP of network other already\n",
                           gateway, "note: ROUTER_ID 192.168.8.40 is not an address of this host\n",
                           "note: graceful-restart recovery: "}) {
    CHECK(text.find(line) < tables);
  }
}

TEST_CASE(
    "cli status: one row per backend; a rising or held-down backend shows the remaining time") {
  auto page = healthy();
  page.vips[0].backends.push_back({"e2", "held-down", "web2", "healthy", "c2", 3U, 7.2});
  page.vips[0].backends.push_back({"e3", "paused", "web3", "none", "c3", 0U, 7.2});
  page.vips.push_back({.vip = "10.0.0.102/32", .network = "empty"});
  const auto text = cli::renderStatus(page);
  CHECK(has(text,
            "\n                                                   web2     held-down (8 s more)  "
            "healthy\n"));
  CHECK(has(text, "web3     paused                none\n"));
  CHECK(
      has(text,
          "10.0.0.102/32  empty    -              no          -        -                     -\n"));
}

TEST_CASE("cli status: the containers in a backend's network namespace follow it") {
  auto page = healthy();
  page.vips[0].backends[0].state = "unhealthy";
  page.vips[0].backends[0].members = {{"app", "a1", "unhealthy", "unhealthy"},
                                      {"tool", "a2", "not-counted", "none"}};
  const auto text = cli::renderStatus(page);
  CHECK(has(text, "  web1     unhealthy    healthy\n"));
  CHECK(has(text, "  + app    unhealthy    unhealthy\n"));
  CHECK(has(text, "  + tool   not-counted  none\n"));
}

// dockerd does not restrict the characters of a network's name.
TEST_CASE("cli status: hostile names can neither control the terminal nor forge a row") {
  auto page = healthy();
  const std::string hostile = "x\x1b]52;c;AAAA\x07\n10.9.9.9/32\r\x7f\u009b2J\u202e\xff";
  page.driver = hostile;
  page.version = hostile;
  page.bird.version = hostile;
  page.bird.problem = hostile;
  page.firewall.problem = hostile;
  page.firewall.obstacles = hostile;
  page.firewall.marksProblem = hostile;
  page.notes = {hostile};
  page.peers[0].address = hostile;
  page.peers[0].state = hostile;
  page.peers[0].since = hostile;
  page.peers[0].lastError = hostile;
  page.vips[0].vip = hostile;
  page.vips[0].network = hostile;
  page.vips[0].problem = hostile;
  page.vips[0].exportedTo = {hostile};
  page.vips[0].backends[0].container = hostile;
  page.vips[0].backends[0].state = hostile;
  page.vips[0].backends[0].health = hostile;
  page.vips[0].backends[0].members = {{hostile, hostile, hostile, hostile}};
  page.gateways[0] = {hostile, hostile, hostile, {hostile}, hostile};
  const auto good = cli::renderStatus(healthy());
  const auto lines = std::count(good.begin(), good.end(), '\n');
  const auto text = cli::renderStatus(page);
  // Six problems, one note, one member.
  CHECK(std::count(text.begin(), text.end(), '\n') == lines + 8);
  for (const char* part : {"\x1b", "\x07", "\r", "\x7f", "\u009b", "\u202e", "\xff"}) {
    CHECK_FALSE(has(text, part));
  }
  CHECK(has(text, "\\x1b]52;c;AAAA\\x07\\x0a10.9.9.9/32\\x0d\\x7f\\u009b2J\\u202e\\xff"));
}

TEST_CASE("cli: sockets are found in the folder and in the folders of plugins") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / fmt::format("bp-{}", getpid());
  const std::string id1(64, '1');
  const std::string id2(64, '2');
  fs::create_directories(folder / id1);
  fs::create_directories(folder / id2 / "bgplb.sock");  // a directory
  fs::create_directories(folder / "other");
  const test::UnixListener plain((folder / "bgplb.sock").string());
  const test::UnixListener managed((folder / id1 / "bgplb.sock").string());
  const test::UnixListener foreign((folder / "other" / "bgplb.sock").string());
  const std::vector<std::string> expected{folder / id1 / "bgplb.sock", folder / "bgplb.sock"};
  CHECK(cli::findSockets(folder.string()) == expected);
  fs::create_directory_symlink(folder / "other", folder / std::string(64, '3'));
  if (geteuid() == 0) {  // only root may give a file away
    REQUIRE(chown((folder / "bgplb.sock").c_str(), 1000, 1000) == 0);
    CHECK(cli::findSockets(folder.string()) == std::vector<std::string>{expected.front()});
  }
  CHECK(cli::findSockets((folder / "missing").string()).empty());
  CHECK(cli::findSockets((folder / "bgplb.sock").string()).empty());
  fs::remove_all(folder);
}

// 20,000 VIPs. The default body limit of Beast is 8 MiB.
TEST_CASE("cli status: a page of 20 MB passes through the socket and is rendered") {
  auto page = healthy();
  const auto vip = page.vips[0];
  std::string body;
  for (unsigned count = 10'000; body.size() < 20'000'000; count += 10'000) {
    page.vips.clear();
    for (unsigned i = 0; i < count; ++i) {
      page.vips.push_back(vip);
      page.vips.back().vip = fmt::format("10.{}.{}.{}/32", i >> 16, (i >> 8) & 255, i & 255);
    }
    body = ops::renderStatusPage(page);
  }
  const test::SocketPath socket("status");
  boost::asio::io_context io(1);
  std::chrono::duration<double, std::milli> rendered{};
  http::UnixServer server(
      io,
      [&](http::Request) -> Task<http::Answer> {
        const auto start = std::chrono::steady_clock::now();
        auto text = ops::renderStatusPage(page);
        rendered = std::chrono::steady_clock::now() - start;
        co_return http::Answer{200, ops::kJson, std::move(text), {}};
      },
      ops::errorAnswer);
  REQUIRE(server.listen(socket.path));
  std::thread thread([&] { io.run(); });
  const auto start = std::chrono::steady_clock::now();
  const auto got = cli::get(socket.path, "/status", 60s);
  const std::chrono::duration<double, std::milli> fetched =
      std::chrono::steady_clock::now() - start;
  io.stop();
  thread.join();
  REQUIRE(got);
  CHECK(got->size() == body.size());
  const auto parsed = ops::parseStatusPage(*got);
  const std::chrono::duration<double, std::milli> read = std::chrono::steady_clock::now() - start;
  REQUIRE(parsed);
  CHECK(parsed->vips.size() == page.vips.size());
  CHECK(has(cli::renderStatus(*parsed), page.vips.back().vip));
  WARN(
      fmt::format("status of {} VIPs, {:.1f} MB: written in {:.0f} ms, fetched in {:.0f} ms, "
                  "parsed after {:.0f} ms",
                  page.vips.size(), static_cast<double>(body.size()) / 1e6, rendered.count(),
                  fetched.count(), read.count()));
}
