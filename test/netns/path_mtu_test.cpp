// Tests of connections to a VIP on two hosts from clients behind a link with a small MTU. The
// router selects the host of an ICMP error by a hash of the error's own header, so about half of
// the errors reach the host that does not have the connection.
#include "firewall/mss_clamp.hpp"
#include "netns/docker_traffic.hpp"
#include "support/build.hpp"
#include "support/slowdown.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <vector>

using namespace bgplb;
using namespace bgplb::test::docker_traffic;
using namespace std::chrono_literals;
using test::ip;
using test::Netns;
using test::shell;

namespace {

constexpr std::size_t kBytes = 1'000'000;  // of one transfer
constexpr int kClients = 20;               // each has an address, and so a path MTU, of its own
constexpr std::size_t kHosts = 2;
const auto kHang = test::scaled(3s);

// Sends kBytes to each client.
class Server {
 public:
  explicit Server(const Netns& container) : at4_(container, kVip4), at6_(container, kVip6) {
    thread_ = std::thread([this] { run(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    stop_ = true;
    thread_.join();
    for (const auto& [fd, left] : left_) close(fd);
  }
  int accepted() const { return accepted_; }

 private:
  void run() {
    const std::vector<char> bytes(64 * 1024, 'x');
    while (!stop_) {
      std::vector<pollfd> polled{{at4_.fd, POLLIN, 0}, {at6_.fd, POLLIN, 0}};
      for (const auto& [fd, left] : left_) polled.push_back({fd, POLLOUT, 0});
      poll(polled.data(), polled.size(), 50);
      for (const auto& [fd, events, happened] : polled) {
        if (happened == 0) continue;
        if (events == POLLIN) {
          const int client = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
          if (client >= 0 && left_.emplace(client, kBytes).second) ++accepted_;
          continue;
        }
        auto& left = left_.at(fd);
        const auto sent = send(fd, bytes.data(), std::min(bytes.size(), left), MSG_NOSIGNAL);
        if (sent > 0) left -= static_cast<std::size_t>(sent);
        if (left > 0 && (sent > 0 || errno == EAGAIN)) continue;
        left_.erase(fd);
        close(fd);
      }
    }
  }

  Listener at4_;
  Listener at6_;
  std::map<int, std::size_t> left_;  // bytes to send, by connection
  std::atomic<int> accepted_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// A Docker host with the VIP's container, as the plugin and Docker configure them.
struct DockerHost {
  Netns host;
  Netns container;

  explicit DockerHost(unsigned number) : number_(number) {
    for (const Netns* netns : {&host, &container}) prepare(*netns);
    host.shell("ip link add bgplb-012345678 up type bridge");
    host.shell("ip link add gateway type veth peer name eth0 netns " + container.path());
    host.shell("ip link add bgl0123456789ab type veth peer name vip0 netns " + container.path());
    host.shell(
        "sh -c 'ip link set bgl0123456789ab master bgplb-012345678 up; ip link set gateway up; ip "
        "address add 172.23.0.1/24 dev gateway; ip address add 2001:db8:23::1/64 dev gateway "
        "nodad'");
    container.shell(fmt::format(
        "sh -c 'ip link set vip0 address 02:00:00:00:00:25; ip address add {}/32 dev vip0; ip "
        "address add {}/128 dev vip0 nodad; ip link set vip0 up; ip address add 172.23.0.25/24 dev "
        "eth0; "
        "ip address add 2001:db8:23::25/64 dev eth0 nodad; ip link set eth0 up; ip route add "
        "default via "
        "172.23.0.1; ip route add default via 2001:db8:23::1'",
        kVip4, kVip6));
    for (const std::string& vip : {kVip4, kVip6}) {
      host.shell(fmt::format(
          "sh -c 'ip neigh replace {0} lladdr 02:00:00:00:00:25 dev bgplb-012345678; ip "
          "route add {0} dev bgplb-012345678'",
          vip));
    }
  }
  static void prepare(const Netns& netns) {
    netns.shell(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
        "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
        "net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    netns.shell("ip link set lo up");
  }
  void connectTo(const Netns& router) const {
    router.shell(
        fmt::format("ip link add host{} type veth peer name eth0 netns {}", number_, host.path()));
    router.shell(
        fmt::format("sh -c 'ip address add 192.0.2.{1}/30 dev host{0}; ip address add "
                    "2001:db8:2:{0}::1/64 dev host{0} nodad; ip link set host{0} up'",
                    number_, number_ * 4 + 1));
    host.shell(fmt::format(
        "sh -c 'ip address add 192.0.2.{2}/30 dev eth0; ip address add "
        "2001:db8:2:{0}::2/64 dev eth0 nodad; ip link set eth0 up; ip route add default via "
        "192.0.2.{1}; ip route add default via 2001:db8:2:{0}::1'",
        number_, number_ * 4 + 1, number_ * 4 + 2));
  }
  void limitSegments(unsigned mss) const {
    host.shell("nft -f - <<'END'\ntable inet bgplb_mss {\n" +
               firewall::mssClampRules({{ip(kVip4.c_str()), mss}, {ip(kVip6.c_str()), mss}}) +
               "}\nEND");
  }

 private:
  unsigned number_;
};

// Clients behind a link with an MTU of 1300 bytes, the router of that link, and the router that
// spreads connections over two hosts.
struct Network {
  Netns client;
  Netns access;
  Netns router;
  std::array<DockerHost, kHosts> hosts{DockerHost(0), DockerHost(1)};
  std::vector<std::unique_ptr<Server>> servers;
  int used = 0;  // addresses of clients

  Network() {
    for (const Netns* netns : {&client, &access, &router}) DockerHost::prepare(*netns);
    // All header fields: with policy 1, the kernel uses the hash that the sender's socket left in
    // the packet and that no real link carries.
    router.shell(
        "sysctl -qw net.ipv4.fib_multipath_hash_policy=3 net.ipv4.fib_multipath_hash_fields=55 "
        "net.ipv6.fib_multipath_hash_policy=3 net.ipv6.fib_multipath_hash_fields=55");
    for (const auto& host : hosts) host.connectTo(router);
    access.shell("ip link add clients mtu 1300 type veth peer name eth0 netns " + client.path());
    access.shell("ip link add eth0 type veth peer name access netns " + router.path());
    access.shell(
        "sh -c 'ip address add 198.51.100.1/24 dev clients; ip address add 2001:db8:c::1/64 dev "
        "clients nodad; ip link set clients up; ip address add 203.0.113.2/30 dev eth0; ip address "
        "add 2001:db8:a::2/64 dev eth0 nodad; ip link set eth0 up; ip route add default via "
        "203.0.113.1; ip route add default via 2001:db8:a::1'");
    router.shell(
        "sh -c 'ip address add 203.0.113.1/30 dev access; ip address add 2001:db8:a::1/64 dev "
        "access nodad; ip link set access up; ip route add default via 203.0.113.2; ip route add "
        "default via 2001:db8:a::2'");
    client.shell(
        "sh -c 'ip link set eth0 mtu 1500; ip link set eth0 up; ip route add default via "
        "198.51.100.1 dev eth0 onlink; ip route add default via 2001:db8:c::1 dev eth0 onlink'");
    routeTo({0, 1});
    for (const auto& host : hosts) servers.push_back(std::make_unique<Server>(host.container));
  }
  // The router's next hops for the VIPs.
  void routeTo(const std::vector<unsigned>& numbers) const {
    std::string hops4;
    std::string hops6;
    for (const auto number : numbers) {
      hops4 += fmt::format(" nexthop via 192.0.2.{}", number * 4 + 2);
      hops6 += fmt::format(" nexthop via 2001:db8:2:{}::2", number);
    }
    router.shell(fmt::format("sh -c 'ip route replace {}{}; ip -6 route replace {}{}'", kVip4,
                             hops4, kVip6, hops6));
  }
  // kClients new clients download at the same time. Returns how many get all bytes. The others
  // hang: none of them receives anything for kHang.
  int transfers(const std::string& vip) {
    std::map<int, std::size_t> left;  // bytes, by connection
    std::vector<pollfd> polled;
    for (const auto& address : newClients(vip, kClients)) {
      const int fd = connectTo(vip, address);
      left.emplace(fd, kBytes);
      polled.push_back({fd, POLLIN, 0});
    }
    int complete = 0;
    std::vector<char> buffer(64 * 1024);
    while (!polled.empty() &&
           poll(polled.data(), polled.size(), static_cast<int>(kHang.count())) > 0) {
      std::erase_if(polled, [&](const pollfd& one) {
        if (one.revents == 0) return false;
        const auto got = recv(one.fd, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EAGAIN) return false;
        if (got > 0) left.at(one.fd) -= static_cast<std::size_t>(got);
        if (got > 0 && left.at(one.fd) > 0) return false;
        if (got > 0) ++complete;
        return true;
      });
    }
    for (const auto& [fd, bytes] : left) close(fd);
    return complete;
  }

  // The largest segment that a new client sends, in bytes without TCP options.
  int sentByClient(const std::string& vip) {
    const int fd = connectTo(vip, newClients(vip, 1).front());
    pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
    REQUIRE(poll(&writable, 1, static_cast<int>(kHang.count())) == 1);
    int mss = 0;
    socklen_t size = sizeof mss;
    REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &size) == 0);
    close(fd);
    return mss;
  }

 private:
  int connectTo(const std::string& vip, const std::string& address) const {
    const Endpoint from(address, 0);
    const Endpoint to(vip, kPort);
    const int fd = socketIn(client, to.family);
    REQUIRE(bind(fd, from.get(), from.size) == 0);
    REQUIRE((connect(fd, to.get(), to.size) == 0 || errno == EINPROGRESS));
    return fd;
  }
  std::vector<std::string> newClients(const std::string& vip, int count) {
    std::vector<std::string> addresses;
    std::string commands;
    for (int i = 0; i < count; ++i) {
      const int number = 10 + used++;
      const bool v4 = vip == kVip4;
      addresses.push_back(fmt::format("{}{}", v4 ? "198.51.100." : "2001:db8:c::", number));
      commands += fmt::format("ip address add {}{} dev eth0{}; ", addresses.back(),
                              v4 ? "/24" : "/64", v4 ? "" : " nodad");
    }
    client.shell("sh -c '" + commands + "'");
    return addresses;
  }
};

}  // namespace

TEST_CASE("PathMtu.WithTwoHostsConnectionsHang_UnlessTheMssIsLimited") {
  const std::string vip = GENERATE(kVip4, kVip6);
  Network network;
  network.routeTo({0});
  const int oneHost = network.transfers(vip);
  network.routeTo({0, 1});
  const int twoHosts = network.transfers(vip);
  const int unlimitedMss = network.sentByClient(vip);
  for (const auto& host : network.hosts) host.limitSegments(1220);
  const int limited = network.transfers(vip);
  std::cout << fmt::format(
      "{}: of {} transfers complete: with one host {}, with two {}, with two and an MSS of 1220 "
      "bytes {}\n",
      vip, kClients, oneHost, twoHosts, limited);
  CHECK(oneHost == kClients);
  CHECK(twoHosts < kClients);
  CHECK(limited == kClients);
  CHECK(unlimitedMss > 1220);
  CHECK(network.sentByClient(vip) <= 1220);
  for (const auto& server : network.servers) CHECK(server->accepted() > 0);
}

// The other fix, for UDP as well: a gateway network with a small MTU.
TEST_CASE("PathMtu.WithTwoHostsASmallMtuOfTheGatewayNetworkPreventsErrors") {
  const std::string vip = GENERATE(kVip4, kVip6);
  Network network;
  for (const auto& host : network.hosts) {
    host.host.shell("ip link set gateway mtu 1280");
    host.container.shell("ip link set eth0 mtu 1280");
  }
  CHECK(network.transfers(vip) == kClients);
}
