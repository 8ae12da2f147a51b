#include "core/backends.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::test;
using core::KernelNetwork;
using core::Slot;

namespace {

// A network with joined backends, each with a MAC address that ends in its number.
struct Backends {
  core::Facts facts;
  KernelNetwork observed;
  std::set<std::string> veths;

  explicit Backends(std::initializer_list<unsigned> numbers) {
    for (const unsigned number : numbers) add(number);
  }
  static EndpointId early(unsigned number) {
    return EndpointId(fmt::format("{:012x}{:052x}", number, 0));
  }
  static MacAddress macOf(unsigned number) {
    const std::uint8_t bytes[6] = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(number)};
    return MacAddress::fromBytes(bytes);
  }
  void add(unsigned number) {
    core::endpointCreated(facts, kWeb1, early(number), ip("10.0.0.101"), ip("2001:db8::1"),
                          macOf(number));
    core::endpointLink(facts, early(number), core::LinkState::Joined);
    veths.insert(core::vethHostName(early(number)));
  }
  void seen(Slot slot, unsigned number) {
    observed.neighbors[core::nextHop(Family::V4, slot)] = macOf(number);
  }
  std::map<unsigned, Slot> slots() const {
    std::map<unsigned, Slot> byNumber;
    const auto all = core::assignSlots(facts, facts.networks.at(kWeb1), observed, veths);
    for (const auto& [endpoint, slot] : all)
      byNumber[facts.endpoints.at(endpoint).mac->bytes()[5]] = slot;
    return byNumber;
  }
};

}  // namespace

TEST_CASE("NextHop.AddressContainsTheSlot") {
  CHECK(core::nextHop(Family::V4, 7).toString() == "169.254.77.7");
  CHECK(core::nextHop(Family::V6, 171).toString() == "fe80::77:ab");
  for (const Family family : {Family::V4, Family::V6}) {
    CHECK(core::slotOf(core::nextHop(family, 1)) == 1);
    CHECK(core::slotOf(core::nextHop(family, core::kSlots)) == core::kSlots);
    CHECK_FALSE(core::slotOf(core::nextHop(family, 0)));
    CHECK_FALSE(core::slotOf(core::nextHop(family, 255)));
  }
  CHECK_FALSE(core::slotOf(ip("169.254.78.7")));
  CHECK_FALSE(core::slotOf(ip("fe80::7")));
}

TEST_CASE("Slots.AreCountedFromOne") {
  CHECK(Backends{1, 2, 3}.slots() == std::map<unsigned, Slot>{{1, 1}, {2, 2}, {3, 3}});
}

TEST_CASE("Slots.BackendKeepsItsSlot") {
  Backends backends{1, 2, 3};
  backends.seen(9, 1);
  backends.seen(1, 3);
  CHECK(backends.slots() == std::map<unsigned, Slot>{{1, 9}, {2, 2}, {3, 1}});
}

TEST_CASE("Slots.SlotOfARemovedBackendIsReusedLast") {
  Backends backends{1};
  backends.seen(1, 77);  // still in the kernel, and in connection marks
  CHECK(backends.slots() == std::map<unsigned, Slot>{{1, 2}});
  for (Slot slot = 2; slot <= core::kSlots; ++slot) backends.seen(slot, 77);
  CHECK(backends.slots() == std::map<unsigned, Slot>{{1, 1}});
}

TEST_CASE("Slots.OnlyReachableBackendsGetOne") {
  Backends backends{1, 2, 3};
  backends.veths.erase(core::vethHostName(Backends::early(1)));
  core::endpointLink(backends.facts, Backends::early(2), core::LinkState::Left);
  CHECK(backends.slots() == std::map<unsigned, Slot>{{3, 1}});
}

// The bridge delivers the packets for a MAC address to one port, so a second slot would be useless,
// and the two backends would exchange their slots at every step.
TEST_CASE("Slots.OneBackendPerMacAddress") {
  Backends backends{1, 2};
  backends.facts.endpoints.at(Backends::early(2)).mac = Backends::macOf(1);
  backends.seen(1, 1);
  backends.seen(2, 1);
  const auto all = core::assignSlots(backends.facts, backends.facts.networks.at(kWeb1),
                                     backends.observed, backends.veths);
  REQUIRE(all.size() == 1);
  CHECK(all.begin()->first == Backends::early(1));
}

TEST_CASE("Slots.AtMost254Backends") {
  Backends backends{};
  for (unsigned number = 0; number < 256; ++number) backends.add(number);
  CHECK(backends.slots().size() == core::kSlots);
}
