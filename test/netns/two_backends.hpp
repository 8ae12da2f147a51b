#pragma once
// Two containers of one VIP network with connections to each, for tests in which another program
// deletes our routes, policy rules and next hops.
#include "netns/traffic_lab.hpp"

#include <vector>

namespace bgplb::test::traffic_lab {

// All objects with our protocol, without the ids of the nexthop objects, which may change, and the
// state of a resilient group's timer.
inline std::string kernelObjects() {
  return shell(
      "{ for family in 4 6; do ip -$family rule show; "
      "ip -$family route show table all proto 178 | sort; done; ip nexthop show proto 178; } | "
      "sed -E 's/(id|nhid|group) [0-9\\/]+//g; s/ unbalanced_time [0-9.]+//; s/ linkdown//' | "
      "sort");
}

class TwoBackends {
 public:
  explicit TwoBackends(Host& host)
      : host_(host), first_(host, host.docker.createNetwork("web", vips())) {
    REQUIRE(eventually([&] { return host.isAnnounced(first_.web); }));
    REQUIRE(eventually([] { return hasMarks(); }));
    // The kernel forgets a UDP connection without replies after 30 s, which may pass between two
    // packets on a busy machine.
    shell("sysctl -qw net.netfilter.nf_conntrack_udp_timeout=3600");
    for (const auto& vip : first_.web.vips) {
      ofFirst_.emplace_back(host.there, vip.address());
      CHECK(host.arrives(ofFirst_.back(), first_));
    }
    second_ = std::make_unique<Backend>(host, host.docker.another(first_.web));
    for (const auto& vip : first_.web.vips) {
      REQUIRE(eventually([&] {
        ofSecond_.emplace_back(host.there, vip.address());
        ofSecond_.back().send();
        if (eventually([&] { return second_->received(); }, 50ms)) return true;
        ofSecond_.pop_back();
        return false;
      }));
    }
    REQUIRE(kernelObjects().find("17801:") != std::string::npos);
  }

  const Web& web() const { return first_.web; }

  // Every connection still ends at its container.
  void checkConnections() {
    INFO(tryShell("conntrack -L -p udp; conntrack -L -p udp -f ipv6").out);
    for (int i = 0; i < 20; ++i) {
      for (const auto& flow : ofFirst_) flow.send();
    }
    CHECK(eventually([&] { return first_.received(); }));
    CHECK_FALSE(second_->received());
    for (int i = 0; i < 20; ++i) {
      for (const auto& flow : ofSecond_) flow.send();
    }
    CHECK(eventually([&] { return second_->received(); }));
    CHECK_FALSE(first_.received());
  }

  // UPDATEs about the VIPs since they were first announced, withdrawals included.
  std::size_t updates() const {
    std::size_t count = 0;
    for (const auto& vip : web().vips) count += host_.peer.changes(vip).size() - 1;
    return count;
  }

 private:
  Host& host_;
  Backend first_;
  std::unique_ptr<Backend> second_;
  std::vector<Flow> ofFirst_;
  std::vector<Flow> ofSecond_;
};

}  // namespace bgplb::test::traffic_lab
