// Addresses, prefixes and MAC addresses: an accepted value is canonical, and its text parses to the
// same value.

#include "base/address.hpp"

#include "fuzz/fuzz.hpp"

using namespace bgplb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::textOf(data, size);

  if (const auto address = Address::parse(text)) {
    ALWAYS(Address::parse(address->toString()) == address);
    ALWAYS(Address::fromBytes(address->family(), address->bytes()) == *address);
    ALWAYS(Prefix::host(*address).isHost());
    for (unsigned length = 0; length <= address->size() * 8; ++length) {
      const auto prefix = Prefix::of(*address, length);
      ALWAYS(prefix.contains(*address));
      ALWAYS(Prefix::parse(prefix.toString()) == prefix);
    }
    if (address->isUsableUnicast()) {
      ALWAYS(!address->isUnspecified() && !address->isLoopback() && !address->isMulticast());
    }
  }
  if (const auto prefix = Prefix::parse(text)) {
    ALWAYS(Prefix::parse(prefix->toString()) == prefix);
    ALWAYS(Prefix::of(prefix->address(), prefix->length()) == *prefix);
    ALWAYS(prefix->contains(prefix->address()));
  }
  if (const auto mac = MacAddress::parse(text)) {
    ALWAYS(MacAddress::parse(mac->toString()) == mac);
  }
  return 0;
}
