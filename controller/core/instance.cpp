#include "core/instance.hpp"

#include "base/hash.hpp"

#include <fmt/format.h>

#include <array>

namespace bgplb::core {

namespace {

// In the first byte of a MAC address: above the bits for "multicast" and "locally administered"
// (IEEE 802).
constexpr unsigned kNumberShift = 2;

std::string suffix(unsigned number) { return number == 1 ? "" : std::to_string(number); }

}  // namespace

std::string Instance::table() const { return "bgplb" + suffix(number_); }
std::string Instance::forwardChain() const { return chain("FORWARD"); }
std::string Instance::entryChain() const { return chain("ENTRY"); }
std::string Instance::sourcesChain() const { return chain("SOURCES"); }
std::string Instance::chain(const char* purpose) const {
  return fmt::format("BGPLB{}-{}", suffix(number_), purpose);
}
std::string Instance::lockName() const { return fmt::format("bgplb-{}", number_); }

std::optional<Instance> instanceOf(unsigned char routeProtocol) {
  const unsigned number = routeProtocol - Instance::kFirstProtocol + 1;  // wraps around below 178
  if (number == 0 || number > kInstances) return std::nullopt;
  return Instance(number);
}

MacAddress bridgeAddress(const std::string& bridge, Instance instance) {
  std::uint64_t hash = fnv1a(bridge);
  std::array<std::uint8_t, 6> bytes{};
  for (auto& byte : bytes) {
    byte = static_cast<std::uint8_t>(hash >> 56);
    hash <<= 8;
  }
  bytes[0] = static_cast<std::uint8_t>(0x02 | (instance.number() - 1) << kNumberShift);
  return MacAddress::fromBytes(bytes.data());
}

std::optional<Instance> instanceOf(const std::string& bridge,
                                   const std::optional<MacAddress>& address) {
  if (!address) return std::nullopt;
  const Instance instance((unsigned{address->bytes()[0]} >> kNumberShift) + 1);
  if (instance.number() > kInstances || *address != bridgeAddress(bridge, instance)) {
    return std::nullopt;
  }
  return instance;
}

}  // namespace bgplb::core
