#pragma once
// The host of dockerd_lab.hpp with containers that receive datagrams from a client, on the kernel
// of this machine, whatever it lacks: IPv6, nf_tables, resilient next-hop groups.

#include "netns/dockerd_lab.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace bgplb::test::traffic_lab {

using namespace bgplb::test::dockerd_lab;

inline constexpr std::uint16_t kPort = 8080;
inline constexpr const char* kVip4 = "10.0.0.101/32";
inline constexpr const char* kVip6 = "2001:db8:0:1::101/128";

inline std::vector<std::string> vips() {
  return hasIpv6() ? std::vector<std::string>{kVip4, kVip6} : std::vector<std::string>{kVip4};
}

inline bool hasNfTables() { return tryShell("nft list tables").status == 0; }
// Whether established connections keep their backend.
// The table alone may have only the rules for BIRD's port.
inline bool hasMarks() { return tryShell("nft list chain inet bgplb restore").status == 0; }

// A UDP socket in that namespace.
class Udp {
 public:
  Udp(const Netns& where, const Address& address) {
    std::thread([&] {
      if (setns(where.fd(), CLONE_NEWNET) != 0) return;
      fd_.reset(socket(address.isV4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    }).join();
    REQUIRE(fd_.isOpen());
    if (address.isV4()) {
      sockaddr_in at{
          .sin_family = AF_INET, .sin_port = htons(kPort), .sin_addr = {}, .sin_zero = {}};
      std::memcpy(&at.sin_addr, address.bytes(), address.size());
      std::memcpy(&at_, &at, size_ = sizeof at);
    } else {
      sockaddr_in6 at{};
      at.sin6_family = AF_INET6;
      at.sin6_port = htons(kPort);
      std::memcpy(&at.sin6_addr, address.bytes(), address.size());
      std::memcpy(&at_, &at, size_ = sizeof at);
    }
  }
  int fd() const { return fd_.get(); }
  const sockaddr* at() const { return reinterpret_cast<const sockaddr*>(&at_); }
  socklen_t size() const { return size_; }

 private:
  io::Descriptor fd_;
  sockaddr_storage at_{};
  socklen_t size_ = 0;
};

// A connection of the client: datagrams from one source port.
struct Flow {
  Udp udp;
  Flow(const Netns& client, const Address& vip) : udp(client, vip) {
    REQUIRE(connect(udp.fd(), udp.at(), udp.size()) == 0);
  }
  // Ignores errors: an ICMP error about an earlier datagram is reported here.
  void send() const { (void)!::send(udp.fd(), "x", 1, 0); }
};

// A container of its own, with the VIPs of `web` on its link.
class Backend {
 public:
  Backend(auto& lab, Web made) : Backend(lab, std::move(made), lab.docker) {}
  Backend(auto&, Web made, DockerHost& docker) : web(std::move(made)) {
    inside_.shell("ip link set lo up");
    inside_.shell("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0");
    docker.start(web, inside_);
    for (const auto& vip : web.vips) {
      inside_.shell("ip address add " + vip.toString() + " dev " + web.containerLink() +
                    (vip.family() == Family::V6 ? " nodad" : ""));
      const auto& socket = *sockets_.emplace_back(std::make_unique<Udp>(inside_, vip.address()));
      REQUIRE(bind(socket.fd(), socket.at(), socket.size()) == 0);
    }
    docker.health(web, "healthy");
  }

  // Whether datagrams have arrived since the last call.
  bool received() {
    bool any = false;
    char byte = 0;
    for (const auto& socket : sockets_) {
      while (recv(socket->fd(), &byte, 1, MSG_DONTWAIT) == 1) any = true;
    }
    return any;
  }

  const Web web;

 private:
  Netns inside_;
  std::vector<std::unique_ptr<Udp>> sockets_;
};

// The packet filter that the host's rules are in: BGPLB_TEST_IPTABLES, else what the kernel has.
inline std::string flavour() {
  const char* const chosen = std::getenv("BGPLB_TEST_IPTABLES");
  if (chosen != nullptr) return chosen;
  return hasNfTables() ? "nft" : "legacy";
}

// The router's namespace has the client. The host drops forwarded packets that no rule accepts.
struct Host : Lab {
  Host() {
    shell("iptables-" + flavour() + " -P FORWARD DROP");
    there.shell("ip route add default via 10.77.0.1");
    if (hasIpv6()) {
      shell("ip6tables-" + flavour() + " -P FORWARD DROP");
      there.shell("ip address add fd77::2/64 dev router nodad");
      there.shell("ip route add default via fd77::1");
    }
    startController();
  }

  bool arrives(const Flow& flow, Backend& at) {
    return eventually([&] {
      flow.send();
      return at.received();
    });
  }
  // Opens connections until one of them is sent to that backend.
  bool getsNewConnections(Backend& at, const Prefix& vip) {
    return eventually([&] {
      Flow(there, vip.address()).send();
      return at.received();
    });
  }
  void checkHealthy() {
    CHECK(peer.sessions() == 1);
    CHECK(controller.isRunning());
    CHECK(controller.crashReport() == "");
  }
};

}  // namespace bgplb::test::traffic_lab
