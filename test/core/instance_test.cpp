// Tests of the names and numbers that distinguish the objects of several plugins on one host.
#include "core/instance.hpp"

#include "core/link_names.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

#include <set>

using namespace bgplb;
using core::Instance;

namespace {

const std::string kBridge = "bgplb-012345678";

}  // namespace

TEST_CASE("Instance.TheFirstHasTheNamesAndNumbersOfVersionsWithoutInstances") {
  constexpr Instance first;
  CHECK(first.number() == 1);
  CHECK(first.routeProtocol() == 178);
  CHECK(first.slotTable() == 178'000);
  CHECK(first.udpTable() == 178'500);
  CHECK(first.firstNextHopId() == 178U << 24);
  CHECK(first.table() == "bgplb");
  CHECK(first.forwardChain() == "BGPLB-FORWARD");
  CHECK(first.entryChain() == "BGPLB-ENTRY");
  CHECK(first.sourcesChain() == "BGPLB-SOURCES");
  CHECK(core::bridgeAddress(kBridge, first).toString() == "02:3d:cc:8b:2e:f4");
}

TEST_CASE("Instance.NoTwoHaveANameOrANumberInCommon") {
  std::set<std::string> names;
  std::set<std::uint64_t> numbers;
  std::set<MacAddress> addresses;
  for (unsigned number = 1; number <= core::kInstances; ++number) {
    const Instance instance(number);
    CHECK(names.insert(instance.table()).second);
    for (const char* more : {"_loops", "_mss"}) CHECK(names.insert(instance.table() + more).second);
    CHECK(names.insert(instance.forwardChain()).second);
    CHECK(names.insert(instance.entryChain()).second);
    CHECK(names.insert(instance.sourcesChain()).second);
    CHECK(names.insert(instance.lockName()).second);
    CHECK(numbers.insert(instance.routeProtocol()).second);
    // The ranges of tables and nexthop ids end before those of the next instance.
    const Instance next(number + 1);
    CHECK(instance.slotTable() + core::kSlots < instance.udpTable());
    CHECK(instance.udpTable() + core::kSlots < next.slotTable());
    CHECK(instance.firstNextHopId() + Instance::kNextHopIds - 1 < next.firstNextHopId());
    CHECK(addresses.insert(core::bridgeAddress(kBridge, instance)).second);
  }
}

TEST_CASE("Instance.ABridgeNamesTheInstanceThatCreatedIt") {
  for (unsigned number = 1; number <= core::kInstances; ++number) {
    const MacAddress address = core::bridgeAddress(kBridge, Instance(number));
    CHECK((address.bytes()[0] & 3) == 2);  // locally administered, unicast
    CHECK(core::instanceOf(kBridge, address) == Instance(number));
    CHECK(core::instanceOf("bgplb-012345679", address) == std::nullopt);
  }
  CHECK(core::instanceOf(kBridge, std::nullopt) == std::nullopt);
  CHECK(core::instanceOf(kBridge, test::mac("22:3d:cc:8b:2e:f4")) == std::nullopt);  // of a ninth
  CHECK(core::instanceOf(kBridge, test::mac("03:3d:cc:8b:2e:f4")) == std::nullopt);
}

TEST_CASE("Instance.ARouteProtocolNamesTheInstance") {
  CHECK(core::instanceOf(177) == std::nullopt);
  CHECK(core::instanceOf(178) == Instance(1));
  CHECK(core::instanceOf(185) == Instance(8));
  CHECK(core::instanceOf(186) == std::nullopt);  // RTPROT_BGP
}
