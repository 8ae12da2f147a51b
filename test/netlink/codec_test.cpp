// Tests of parsing recorded kernel messages (recorded/), and of building requests, which the same
// parser reads back.
#include "netlink/codec.hpp"

#include "netlink/recorded.hpp"
#include "netlink/requests.hpp"
#include "support/catch.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <sstream>
#include <vector>

using namespace bgplb;
using test::forEachMessage;
using test::parsed;
using test::recordedBytes;

namespace {

constexpr core::Instance kFirst;

std::string sorted(const std::string& text) {  // because a dump is unordered
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const auto& line : lines) all += line + "\n";
  return all;
}

netlink::Reply reply(const std::string& name) {
  std::optional<netlink::Reply> found;
  forEachMessage(recordedBytes(name), [&](const nlmsghdr& message) {
    CHECK(message.nlmsg_type == NLMSG_ERROR);
    found = netlink::parseReply(message);
  });
  REQUIRE(found.has_value());
  return *found;
}

std::string lookedUp(const std::string& name) {
  std::optional<netlink::Route> route;
  forEachMessage(recordedBytes(name),
                 [&](const nlmsghdr& message) { route = netlink::parseRouteReply(message); });
  return route ? test::text(*route) : "nothing";
}

std::string readBack(const netlink::Request& request) {
  const auto notification = netlink::parse(request.header(), kFirst);
  return notification ? test::text(*notification) : "nothing";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Address address(const char* text) { return *Address::parse(text); }

}  // namespace

TEST_CASE("Codec.ReadsLinks") {
  CHECK(parsed("dump-links") ==
        "+ link 1 lo kind  master 0 mtu 65536 up 00:00:00:00:00:00 accept_ra 1\n"
        "+ link 2 bgplb-012345678 kind bridge master 0 mtu 1500 up 02:3d:cc:8b:2e:f4\n"
        "+ link 3 bgc0123456789ab kind veth master 0 mtu 1500 up 02:00:00:00:00:03 accept_ra 1\n"
        "+ link 4 bgl0123456789ab kind veth master 2 mtu 1500 up 02:00:00:00:00:04 accept_ra 1 "
        "isolated\n"
        "+ link 9 eth9 kind bridge master 0 mtu 1400 up 02:00:00:00:00:09 accept_ra 1\n");
}

TEST_CASE("Codec.DistinguishesAPortThatLeavesItsBridge_FromARemovedLink") {
  // The bridge driver also sends RTM_DELLINK when a port leaves, with family AF_BRIDGE.
  bool hasDelLink = false;
  forEachMessage(recordedBytes("port-leaves"), [&hasDelLink](const nlmsghdr& message) {
    hasDelLink = hasDelLink || message.nlmsg_type == RTM_DELLINK;
  });
  CHECK(hasDelLink);
  CHECK(parsed("port-leaves").find("- link") == std::string::npos);
  CHECK(parsed("bridge-removed").find("- link 2 bgplb-012345678") != std::string::npos);
}

TEST_CASE("Codec.ReadsAddresses_AndWhetherTheyAreUsable") {
  CHECK(sorted(parsed("dump-addresses")) ==
        "+ address 127.0.0.1 in 127.0.0.0/8 dev 1 unusable\n"
        "+ address 192.0.2.10 in 192.0.2.0/24 dev 9\n"
        "+ address 192.0.2.11 in 192.0.2.0/24 dev 9\n"  // secondary
        "+ address 2001:db8::10 in 2001:db8::/64 dev 9\n"
        "+ address 2001:db8::11 in 2001:db8::/64 dev 9 unusable\n"  // deprecated
        "+ address ::1 in ::1/128 dev 1 unusable\n");
}

TEST_CASE("Codec.ReadsNeighbors") {
  CHECK(sorted(parsed("dump-neighbors")) ==
        "+ neigh 169.254.77.1 dev 2 lladdr 02:42:ac:17:00:19 permanent\n"
        "+ neigh 192.0.2.1 dev 9 lladdr 02:00:00:00:00:01\n"
        "+ neigh 224.0.0.22 dev 9 lladdr 01:00:5e:00:00:16\n"
        "+ neigh fe80::77:1 dev 2 lladdr 02:42:ac:17:00:19 permanent\n"
        "+ neigh ff02::16 dev 9 lladdr 33:33:00:00:00:16\n");
  CHECK(parsed("neighbor-removed") ==
        "+ neigh 169.254.77.1 dev 2 lladdr 00:00:00:00:00:00\n"
        "- neigh 169.254.77.1 dev 2 lladdr 00:00:00:00:00:00\n");
}

TEST_CASE("Codec.ReadsForwardingEntries") {
  const std::string entries = parsed("dump-forwarding");
  CHECK(entries.find("+ fdb 02:42:ac:17:00:19 dev 4 static\n") != std::string::npos);
  // The port's own address, which is not an entry for a backend.
  CHECK(entries.find("+ fdb 02:00:00:00:00:04 dev 4\n") != std::string::npos);
}

TEST_CASE("Codec.ReadsRoutes") {
  CHECK(parsed("dump-routes4") ==
        "+ route 10.0.0.101/32 table 178001 proto 178 metric 0 dev 2 via 169.254.77.1 src -\n"
        "+ route 10.0.0.101/32 table 254 proto 178 metric 0 dev 2 nhid 2986344450 via 169.254.77.1 "
        "src "
        "-\n"
        "+ route 203.0.113.0/24 table 254 proto 178 metric 0 dev 0 via - src -\n");
  CHECK(parsed("dump-routes6") ==
        "+ route 2001:db8:0:1::101/128 table 178001 proto 178 metric 1024 dev 2 via fe80::77:1 src "
        "-\n"
        "+ route 2001:db8:0:1::101/128 table 254 proto 178 metric 1 dev 0 nhid 2986344452 via - "
        "src "
        "-\n");
  CHECK(parsed("route-removed") ==
        "- route 10.0.0.101/32 table 254 proto 178 metric 0 dev 2 nhid 2986344450 via 169.254.77.1 "
        "src "
        "-\n");
  CHECK(parsed("route-replaced") ==
        "= route 10.0.0.101/32 table 254 proto 3 metric 0 dev 9 via - src -\n");
  // The kernel omits the routes of other programs from the dump. The reply to a lookup is not a
  // notification.
  CHECK(parsed("route-get").empty());
}

TEST_CASE("Codec.ReadsNextHopsAndRules") {
  CHECK(parsed("dump-nexthops") ==
        "+ nexthop 2986344449 proto 178 dev 2 via 169.254.77.1\n"
        "+ nexthop 2986344450 proto 178 dev 0 via - group 2986344449\n"
        "+ nexthop 2986344451 proto 178 dev 2 via fe80::77:1\n"
        "+ nexthop 2986344452 proto 178 dev 0 via - group 2986344451\n");
  CHECK(parsed("dump-rules4") == "+ rule of IPv4 slot 1\n");  // and no rule of another program
  CHECK(parsed("dump-rules6") == "+ rule of IPv6 slot 1\n");
  CHECK(parsed("rule-removed") == "- rule of IPv4 slot 1\n");
}

TEST_CASE("Codec.ReadsLookups") {
  CHECK(lookedUp("route-get") ==
        "route 198.51.100.7/32 table 254 proto 0 metric 0 dev 9 via 2001:db8::1 src 192.0.2.10");
  CHECK(lookedUp("route-match") ==
        "route 10.0.0.101/32 table 254 proto 178 metric 0 dev 2 nhid 2986344450 via 169.254.77.1 "
        "src -");
  std::optional<unsigned> mode;
  forEachMessage(recordedBytes("settings"), [&mode](const nlmsghdr& message) {
    mode = netlink::parseReversePathFilter(message);
  });
  CHECK(mode == 0U);
}

TEST_CASE("Codec.ReadsErrors_WithTheKernelsText") {
  CHECK(reply("ack") == netlink::Reply{});
  CHECK(reply("error-exists") == netlink::Reply{.error = EEXIST});
  CHECK(reply("error-no-route") == netlink::Reply{.error = ESRCH});
  CHECK(reply("error-no-link") == netlink::Reply{.error = ENODEV});
  CHECK(reply("route-get-none") == netlink::Reply{.error = ENETUNREACH});
  CHECK(reply("error-explained") ==
        netlink::Reply{.error = EINVAL, .text = "mtu greater than device maximum"});
}

TEST_CASE("Codec.MapsErrnoToAKindOfError") {
  const auto kind = [](int error) { return netlink::errorOf({.error = error}).kind; };
  CHECK(kind(EEXIST) == ErrorKind::Conflict);
  for (const int error : {ENOENT, ENODEV, ESRCH, ENETUNREACH}) {
    CHECK(kind(error) == ErrorKind::NotFound);
  }
  for (const int error : {EBUSY, EINTR, ENOBUFS, EAGAIN, ENETDOWN}) {
    CHECK(kind(error) == ErrorKind::Transient);
  }
  for (const int error : {EPERM, EINVAL}) CHECK(kind(error) == ErrorKind::Invalid);
  for (const int error : {EAFNOSUPPORT, EOPNOTSUPP}) {
    CHECK(kind(error) == ErrorKind::Unsupported);
  }
  CHECK(netlink::errorOf({.error = EINVAL, .text = "why"}).message == "Invalid argument (why)");
}

TEST_CASE("Codec.ReadsNothingBehindATruncatedMessage") {
  for (const char* name :
       {"dump-links", "dump-addresses", "dump-neighbors", "dump-forwarding", "dump-routes6",
        "dump-nexthops", "dump-rules4", "error-explained", "settings", "route-get"}) {
    const std::string bytes = recordedBytes(name);
    forEachMessage(bytes, [](const nlmsghdr& whole) {
      for (std::uint32_t length = 16; length < whole.nlmsg_len; ++length) {
        // Allocate exactly that size, so that a sanitizer detects a read beyond the end.
        std::vector<char> cut(length);
        std::memcpy(cut.data(), &whole, length);
        auto& message = *reinterpret_cast<nlmsghdr*>(cut.data());
        message.nlmsg_len = length;
        (void)netlink::parse(message, kFirst);
        (void)netlink::parseReply(message);
        (void)netlink::parseRouteReply(message);
        (void)netlink::parseReversePathFilter(message);
      }
    });
  }
}

TEST_CASE("Codec.ReadsErrors_WithAnyErrorCode") {
  struct {
    nlmsghdr header;
    int code;
  } message{{.nlmsg_len = sizeof(message), .nlmsg_type = NLMSG_DONE}, 0};
  for (const auto& [code, error] : {std::pair{-17, 17}, {0, 0}, {5, 0}, {-2147483647 - 1, 4095}}) {
    message.code = code;
    CHECK(netlink::parseReply(message.header).error == error);
  }
}

TEST_CASE("Codec.DetectsIncompleteMessages") {
  nlmsghdr message{};
  for (const auto& [length, left, whole] : {std::tuple{16U, 16, true},
                                            {16U, 20, true},
                                            {17U, 16, false},
                                            {15U, 16, false},
                                            {16U, 15, false},
                                            {16U, 0, false},
                                            {16U, -4, false},
                                            {0x82828282U, 16, false}}) {
    CAPTURE(length, left);
    message.nlmsg_len = length;
    CHECK(netlink::isWhole(&message, left) == whole);
  }
}

TEST_CASE("Requests.EncodeTheirArguments") {
  using netlink::IfExists;
  const MacAddress mac = *MacAddress::parse("02:42:ac:17:00:19");
  const auto vip4 = *Prefix::parse("10.0.0.101/32");
  const auto vip6 = *Prefix::parse("2001:db8:0:1::101/128");
  const auto flags = [](const netlink::Request& request) { return request.header().nlmsg_flags; };

  CHECK(readBack(netlink::routeAdd(kFirst, vip4, 7, IfExists::Fail)) ==
        "+ route 10.0.0.101/32 table 254 proto 178 metric 0 dev 0 nhid 7 via - src -");
  CHECK(flags(netlink::routeAdd(kFirst, vip4, 7, IfExists::Fail)) ==
        (NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL));
  CHECK(flags(netlink::routeAdd(kFirst, vip4, 7, IfExists::Replace)) ==
        (NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE));
  CHECK(readBack(netlink::routeAdd(kFirst, vip6, 7, IfExists::Fail)) ==
        "+ route 2001:db8:0:1::101/128 table 254 proto 178 metric 1 dev 0 nhid 7 via - src -");
  CHECK(has(readBack(netlink::routeDel(kFirst, vip6, 7, 0, 1024)), "metric 1024 dev 0 nhid 7"));
  const core::PinnedRoute pinned{vip6, core::nextHop(Family::V6, 9)};
  CHECK(flags(netlink::pinnedRouteAdd(kFirst, pinned, 7, IfExists::Fail)) ==
        (NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL));
  CHECK(readBack(netlink::pinnedRouteAdd(kFirst, pinned, 7, IfExists::Replace)) ==
        "= route 2001:db8:0:1::101/128 table 178009 proto 178 metric 0 dev 7 via fe80::77:9 src -");
  CHECK(readBack(netlink::nextHopAdd(kFirst, 5, pinned.via, 7)) ==
        "+ nexthop 5 proto 178 dev 7 via fe80::77:9");
  CHECK(readBack(netlink::groupReplace(kFirst, 6, {5, 4}, {.idle = 1, .unbalanced = 1})) ==
        "+ nexthop 6 proto 178 dev 0 via - group 4 5");
  std::set<std::uint32_t> most;
  for (core::Slot slot = 1; slot <= core::kSlots; ++slot) most.insert(slot);
  CHECK(has(readBack(netlink::groupReplace(kFirst, 600, most, {})), " 253 254"));
  CHECK(readBack(netlink::udpRouteAdd(kFirst, pinned, 7, IfExists::Replace)) ==
        "= route 2001:db8:0:1::101/128 table 178509 proto 178 metric 0 dev 0 nhid 7 via - src -");
  CHECK(readBack(netlink::ruleAdd(kFirst, Family::V6, 254, false)) == "+ rule of IPv6 slot 254");
  CHECK(readBack(netlink::ruleAdd(kFirst, Family::V6, 254, true)) ==
        "+ rule of IPv6 slot 254 for UDP");
  CHECK(readBack(netlink::neighReplace(vip6.address(), mac, 7)) ==
        "+ neigh 2001:db8:0:1::101 dev 7 lladdr 02:42:ac:17:00:19 permanent");
  CHECK(readBack(netlink::bridgeAdd("bgplb-012345678", mac)) ==
        "+ link 0 bgplb-012345678 kind bridge master 0 mtu 0 down 02:42:ac:17:00:19");
  CHECK(readBack(netlink::vethAdd("bgl0123456789ab", "bgc0123456789ab", 1400)) ==
        "+ link 0 bgl0123456789ab kind veth master 0 mtu 1400 down -");
  CHECK(readBack(netlink::routeGet(address("192.0.2.1"))) == "nothing");
}

TEST_CASE("Requests.DeriveTheMacAddressFromTheBridgeName") {
  const MacAddress one = core::bridgeAddress("bgplb-012345678", kFirst);
  CHECK(one.toString() == "02:3d:cc:8b:2e:f4");  // as before there were instances
  CHECK(one != core::bridgeAddress("bgplb-012345679", kFirst));
  CHECK((one.bytes()[0] & 3) == 2);  // locally administered, unicast
}

TEST_CASE("Requests.OfAnotherInstanceHaveItsNumbers") {
  const core::Instance second(2);
  const Prefix vip = *Prefix::parse("10.0.0.101/32");
  const core::PinnedRoute pinned{vip, core::nextHop(Family::V4, 9)};
  CHECK(has(readBack(netlink::routeAdd(second, vip, 7, netlink::IfExists::Fail)), "proto 179"));
  CHECK(has(readBack(netlink::pinnedRouteAdd(second, pinned, 7, netlink::IfExists::Fail)),
            "table 179009 proto 179"));
  CHECK(has(readBack(netlink::nextHopAdd(second, 5, pinned.via, 7)), "proto 179"));
  CHECK(has(readBack(netlink::udpRouteAdd(second, pinned, 7, netlink::IfExists::Fail)),
            "table 179509 proto 179"));
  CHECK(has(readBack(netlink::udpRouteDel(second, pinned)), "table 179509 proto 179"));
  for (const bool udp : {false, true}) {
    const auto rule = netlink::ruleAdd(second, Family::V4, 9, udp);
    CHECK(readBack(rule) == "nothing");  // for the first instance
    CHECK(netlink::parse(rule.header(), second).has_value());
  }
}
