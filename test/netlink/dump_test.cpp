// Dumps of simulated kernels: each test replaces the replies to some requests by the errors of a
// kernel that lacks a function.
#include "netlink/dump.hpp"

#include "netlink/recorded.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

#include <linux/rtnetlink.h>

#include <cerrno>
#include <map>
#include <utility>

using namespace bgplb;
using namespace bgplb::test;

namespace {

using Asked = std::pair<int, int>;  // type of the message, family of its header

Asked asked(const netlink::Request& request) {
  const nlmsghdr& header = request.header();
  return {header.nlmsg_type, *static_cast<const std::uint8_t*>(mnl_nlmsg_get_payload(&header))};
}

// A kernel with the recorded state. `errors`: errno of the dumps that it does not support.
struct Kernel {
  std::map<Asked, int> errors;
  int interruptions = 0;  // of the dump of links

  Result<netlink::Mirror> dump() {
    const auto dump = [this](const netlink::Request& request,
                             const netlink::Socket::OnMessage& onMessage) -> Result<void> {
      const auto what = asked(request);
      if (const auto error = errors.find(what); error != errors.end()) {
        return netlink::errorOf({.error = error->second, .text = {}});
      }
      forEachMessage(recordedBytes(kRecorded.at(what)), [&](const nlmsghdr& message) {
        if (message.nlmsg_type != NLMSG_DONE) onMessage(message);
      });
      if (what.first == RTM_GETLINK && interruptions > 0) {
        --interruptions;
        return transient("dump interrupted by a change");
      }
      return {};
    };
    return netlink::dumpAll(dump, core::Instance{});
  }

  inline static const std::map<Asked, const char*> kRecorded = {
      {{RTM_GETLINK, AF_UNSPEC}, "dump-links"},
      {{RTM_GETADDR, AF_UNSPEC}, "dump-addresses"},
      {{RTM_GETNEIGH, AF_UNSPEC}, "dump-neighbors"},
      {{RTM_GETNEIGH, AF_BRIDGE}, "dump-forwarding"},
      {{RTM_GETNEXTHOP, AF_UNSPEC}, "dump-nexthops"},
      {{RTM_GETROUTE, AF_INET}, "dump-routes4"},
      {{RTM_GETROUTE, AF_INET6}, "dump-routes6"},
      {{RTM_GETRULE, AF_INET}, "dump-rules4"},
      {{RTM_GETRULE, AF_INET6}, "dump-rules6"}};
};

constexpr const char* kBridge = "bgplb-012345678";

}  // namespace

TEST_CASE("Dump.ReadsBothFamilies") {
  const auto mirror = Kernel{}.dump();
  REQUIRE(mirror.has_value());
  CHECK(mirror->hasIpv6());
  const auto network = mirror->observe(kBridge);
  CHECK(network.routes.size() == 2);
  CHECK(network.groups.size() == 2);
}

// ipv6.disable=1 and CONFIG_IPV6=n: no handler for AF_INET6 is registered.
TEST_CASE("Dump.AKernelWithoutIpv6HasNoIpv6Objects") {
  const int error = GENERATE(EAFNOSUPPORT, EOPNOTSUPP);
  Kernel kernel;
  kernel.errors[{RTM_GETRULE, AF_INET6}] = error;
  SECTION("the IPv6 dumps are refused") { kernel.errors[{RTM_GETROUTE, AF_INET6}] = error; }
  SECTION("only the dump of rules is refused") {}
  const auto mirror = kernel.dump();
  INFO((mirror ? "" : mirror.error().message));
  REQUIRE(mirror.has_value());
  CHECK_FALSE(mirror->hasIpv6());
  CHECK(mirror->observe(kBridge).routes.contains(net("10.0.0.101/32")));
}

TEST_CASE("Dump.TheErrorIsOneSentence_OnAKernelThatLacksWhatVipsNeed") {
  const auto [what, sentence] = GENERATE(table<Asked, std::string>({
      {{RTM_GETNEXTHOP, AF_UNSPEC},  // Linux 4.18 to 5.2
       "this kernel has no nexthop objects; Linux 5.3 or newer is needed"},
      {{RTM_GETRULE, AF_INET},
       "this kernel has no policy routing; a kernel with CONFIG_IP_MULTIPLE_TABLES is needed"},
  }));
  Kernel kernel;
  kernel.errors[what] = EOPNOTSUPP;
  const auto mirror = kernel.dump();
  REQUIRE(mirror.has_error());
  CHECK(mirror.error() == unsupported(sentence));
}

TEST_CASE("Dump.AnotherErrorIsAnError") {
  Kernel kernel;
  kernel.errors[{RTM_GETRULE, AF_INET6}] = EPERM;
  const auto mirror = kernel.dump();
  REQUIRE(mirror.has_error());
  CHECK(mirror.error() == invalid("netlink dump: Operation not permitted"));
}

TEST_CASE("Dump.AnInterruptedDumpIsRepeated") {
  Kernel kernel;
  kernel.interruptions = 2;
  CHECK(kernel.dump().has_value());
  kernel.interruptions = 3;
  const auto interrupted = kernel.dump();
  REQUIRE(interrupted.has_error());
  CHECK(interrupted.error().kind == ErrorKind::Transient);
}
