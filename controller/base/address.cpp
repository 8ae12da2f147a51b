#include "base/address.hpp"

#include "base/parse.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace bgplb {

namespace {

int rawFamily(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }

constexpr unsigned kLongestPrefix = 128;

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  const std::string terminated(text);
  Address address;
  address.family_ = terminated.find(':') == std::string::npos ? Family::V4 : Family::V6;
  if (terminated.size() != std::char_traits<char>::length(terminated.c_str()) ||
      inet_pton(rawFamily(address.family_), terminated.c_str(), address.bytes_.data()) != 1) {
    return invalid(fmt::format("'{}' is not an IP address", terminated.substr(0, 64)));
  }
  return address;
}

Address Address::fromBytes(Family family, const std::uint8_t* bytes) {
  Address address;
  address.family_ = family;
  std::copy_n(bytes, address.size(), address.bytes_.begin());
  return address;
}

bool Address::isUnspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool Address::isLoopback() const {
  if (isV4()) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

bool Address::isMulticast() const {
  return isV4() ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

bool Address::isLinkLocal() const {
  return isV4() ? bytes_[0] == 169 && bytes_[1] == 254
                : bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool Address::isDummy() const {
  return isV4() && bytes_[0] == 192 && bytes_[1] == 0 && bytes_[2] == 0 && bytes_[3] == 8;
}

bool Address::isReserved() const {
  if (isV6()) return bytes_[0] < 2;
  const bool protocolAssignment = bytes_[0] == 192 && bytes_[1] == 0 && bytes_[2] == 0;
  return bytes_[0] == 0 || bytes_[0] >= 240 || protocolAssignment;
}

bool Address::isUsableUnicast() const {
  return !isUnspecified() && !isLoopback() && !isMulticast() && !isLinkLocal() && !isReserved();
}

std::string Address::toString() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(rawFamily(family_), bytes_.data(), text.data(), text.size());
  return text.data();
}

Prefix Prefix::of(const Address& address, unsigned length) {
  std::array<std::uint8_t, 16> masked{};
  std::copy_n(address.bytes(), address.size(), masked.begin());
  for (unsigned bit = length; bit < address.size() * 8; ++bit) {
    masked[bit / 8] = static_cast<std::uint8_t>(masked[bit / 8] & ~(0x80U >> (bit % 8)));
  }
  Prefix prefix;
  prefix.address_ = Address::fromBytes(address.family(), masked.data());
  prefix.length_ = std::min<unsigned>(length, static_cast<unsigned>(address.size() * 8));
  return prefix;
}

Prefix Prefix::host(const Address& address) { return of(address, address.isV4() ? 32 : 128); }

Result<Prefix> Prefix::parse(std::string_view cidr) {
  const auto slash = cidr.find('/');
  const std::string shown(cidr.substr(0, 64));
  if (slash == std::string_view::npos) {
    return invalid(fmt::format("'{}' is not a prefix (address/length)", shown));
  }
  const auto address = Address::parse(cidr.substr(0, slash));
  const auto length = parseWhole(cidr.substr(slash + 1), 0U, kLongestPrefix);
  if (!address || !length || *length > address->size() * 8) {
    return invalid(fmt::format("'{}' is not a prefix (address/length)", shown));
  }
  return of(*address, *length);
}

bool Prefix::contains(const Address& address) const {
  return address.family() == family() && of(address, length_) == *this;
}

std::string Prefix::toString() const { return fmt::format("{}/{}", address_.toString(), length_); }

Result<MacAddress> MacAddress::parse(std::string_view text) {
  MacAddress mac;
  const auto bad = invalid(fmt::format("'{}' is not a MAC address", text.substr(0, 32)));
  if (text.size() != 17) return bad;
  for (std::size_t i = 0; i < 6; ++i) {
    if (i > 0 && text[i * 3 - 1] != ':') return bad;
    const auto byte = parseWhole<std::uint8_t>(text.substr(i * 3, 2), 0, 0xff, 16);
    if (!byte) return bad;
    mac.bytes_[i] = *byte;
  }
  return mac;
}

MacAddress MacAddress::fromBytes(const std::uint8_t* sixBytes) {
  MacAddress mac;
  std::copy_n(sixBytes, 6, mac.bytes_.begin());
  return mac;
}

std::string MacAddress::toString() const {
  return fmt::format("{:02x}", fmt::join(bytes_, ":"));
}

}  // namespace bgplb
