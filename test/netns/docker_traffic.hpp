#pragma once
// A Docker host with containers and a client, through whose packet filter real connections pass.
// The filter's rules are up to the test.

#include "netns/packet_filter.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace bgplb::test::docker_traffic {

using packet_filter::has;

inline constexpr std::uint16_t kPort = 8080;
inline constexpr std::chrono::milliseconds kNoReply{300};  // after which a packet counts as dropped

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family = AF_INET;

  Endpoint(const std::string& text, std::uint16_t port) {
    if (has(text, ":")) {
      family = AF_INET6;
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(port);
      REQUIRE(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1);
      size = sizeof(sockaddr_in6);
    } else {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      v4->sin_family = AF_INET;
      v4->sin_port = htons(port);
      REQUIRE(inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1);
      size = sizeof(sockaddr_in);
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Opens a socket in that namespace.
inline int socketIn(const Netns& netns, int family) {
  int fd = -1;
  std::thread([&] {
    if (setns(netns.fd(), CLONE_NEWNET) == 0)
      fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  }).join();
  REQUIRE(fd >= 0);
  return fd;
}

struct Listener {
  int fd;
  // Needs no accept(): the kernel completes the TCP handshakes.
  Listener(const Netns& netns, const std::string& address)
      : fd(socketIn(netns, Endpoint(address, kPort).family)) {
    const Endpoint at(address, kPort);
    REQUIRE(bind(fd, at.get(), at.size) == 0);
    REQUIRE(listen(fd, 100) == 0);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(fd); }
};

inline bool connects(const Netns& from, const std::string& address,
                     std::chrono::milliseconds wait) {
  const Endpoint to(address, kPort);
  const int fd = socketIn(from, to.family);
  pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
  int error = connect(fd, to.get(), to.size) == 0 ? 0 : errno;
  if (error == EINPROGRESS && poll(&writable, 1, static_cast<int>(wait.count())) > 0) {
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  close(fd);
  return error == 0;
}
inline bool reaches(const Netns& from, const std::string& address) {
  return connects(from, address, std::chrono::seconds(5));
}
inline bool isRefused(const Netns& from, const std::string& address) {
  return !connects(from, address, kNoReply);
}

inline const std::string kVip4 = "10.0.0.101";
inline const std::string kVip6 = "2001:db8:0:1::101";

// A Docker host with a client behind eth0, the gateway bridge with the VIP network's container
// (`web`) and another container (`mate`), a second Docker bridge with a container (`other`), and
// the VIP network.
struct Host {
  test::ScopedNetns netns;
  Netns client;
  Netns web;
  Netns mate;
  Netns other;
  std::string otherBridge;

  explicit Host(std::string bridge) : otherBridge(std::move(bridge)) {
    shell(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
        "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
        "net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    for (const Netns* inner : {&client, &web, &mate, &other}) {
      inner->shell(
          "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
          "net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
      inner->shell("ip link set lo up");
    }
    shell("ip link add eth0 type veth peer name eth0 netns " + client.path() +
          "; ip address add 198.51.100.1/24 dev eth0; ip address add 2001:db8:c::1/64 dev eth0; "
          "ip link set eth0 up");
    client.shell(
        "sh -c 'ip address add 198.51.100.2/24 dev eth0; ip address add 2001:db8:c::2/64 "
        "dev eth0; ip link set eth0 up; ip route add default via 198.51.100.1; ip route "
        "add default via 2001:db8:c::1'");
    addBridge("bgplb_gwbridge", "172.23.0.1/24", "2001:db8::1/64");
    addBridge(otherBridge, "172.18.0.1/24", "2001:db8:d::1/64");
    join(web, "bgplb_gwbridge", "172.23.0.25/24", "2001:db8::25/64", "172.23.0.1", "2001:db8::1");
    join(mate, "bgplb_gwbridge", "172.23.0.26/24", "2001:db8::26/64", "172.23.0.1", "2001:db8::1");
    join(other, otherBridge, "172.18.0.2/24", "2001:db8:d::2/64", "172.18.0.1", "2001:db8:d::1");
    addVipNetwork();
    // Docker sets these for enable_icc=false, so that bridged frames are filtered as well.
    shell("sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1");
  }

  static void addBridge(const std::string& name, const char* v4, const char* v6) {
    shell(
        fmt::format("ip link add {0} up type bridge; ip address add {1} dev {0}; ip address add "
                    "{2} dev {0}",
                    name, v4, v6));
  }
  static void join(const Netns& inner, const std::string& bridge, const char* v4, const char* v6,
                   const char* gateway4, const char* gateway6) {
    static int count = 0;
    shell(
        fmt::format("ip link add veth{0} type veth peer name eth0 netns {1}; ip link set veth{0} "
                    "master {2} up",
                    ++count, inner.path(), bridge));
    inner.shell(
        fmt::format("sh -c 'ip address add {} dev eth0; ip address add {} dev eth0; ip "
                    "link set eth0 up; ip route add default via {}; ip route add default "
                    "via {}'",
                    v4, v6, gateway4, gateway6));
  }
  void addVipNetwork() {
    shell(
        "ip link add bgplb-012345678 up type bridge; ip link add bgl0123456789ab type veth peer "
        "name eth1 netns " +
        web.path() + "; ip link set bgl0123456789ab master bgplb-012345678 up");
    web.shell(
        "sh -c 'ip link set eth1 address 02:00:00:00:00:25; ip address add 10.0.0.101/32 dev "
        "eth1; ip address add 2001:db8:0:1::101/128 dev eth1; ip link set eth1 up'");
    for (const std::string& vip : {kVip4, kVip6}) {
      shell("ip neigh replace " + vip +
            " lladdr 02:00:00:00:00:25 dev bgplb-012345678; ip route "
            "add " +
            vip + " dev bgplb-012345678 proto 178");
    }
  }
};

}  // namespace bgplb::test::docker_traffic
