#pragma once
// IP addresses, prefixes and MAC addresses as values. Input is parsed once, where it enters the
// program; the values are always canonical. Used by all folders.

#include "base/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace bgplb {

enum class Family : std::uint8_t { V4 = 4, V6 = 6 };

class Address {
 public:
  Address() = default;  // 0.0.0.0

  // Accepts the formats of inet_pton(3): no zone ("fe80::1%eth0") and no port.
  static Result<Address> parse(std::string_view text);
  // `bytes`: 4 for V4 or 16 for V6, in network byte order.
  static Address fromBytes(Family family, const std::uint8_t* bytes);

  Family family() const { return family_; }
  bool isV4() const { return family_ == Family::V4; }
  bool isV6() const { return family_ == Family::V6; }
  const std::uint8_t* bytes() const { return bytes_.data(); }
  std::size_t size() const { return isV4() ? 4 : 16; }  // bytes

  bool isUnspecified() const;  // 0.0.0.0, ::
  bool isLoopback() const;     // 127.0.0.0/8, ::1
  bool isMulticast() const;    // 224.0.0.0/4, ff00::/8
  bool isLinkLocal() const;    // 169.254.0.0/16 (RFC 3927), fe80::/10 (RFC 4291)
  bool isDummy() const;        // 192.0.0.8 (RFC 7600): source of hosts without an IPv4 address
  // 0.0.0.0/8, 192.0.0.0/24 and 240.0.0.0/4 (RFC 6890); ::/8 and 100::/8 (RFC 4291 section 4),
  // which contain the IPv4-mapped ::ffff:0:0/96, the translated 64:ff9b::/96 (RFC 6052) and the
  // discarded 100::/64 (RFC 6666).
  bool isReserved() const;
  // A unicast address at which other hosts can reach one host.
  bool isUsableUnicast() const;

  std::string toString() const;  // canonical (RFC 5952 for V6)

  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  Family family_ = Family::V4;
  std::array<std::uint8_t, 16> bytes_{};
};

// Always canonical: the host bits are zero.
class Prefix {
 public:
  Prefix() = default;  // 0.0.0.0/0

  static Result<Prefix> parse(std::string_view cidr);  // "10.0.0.101/32"; host bits are cleared
  static Prefix of(const Address& address, unsigned length);
  static Prefix host(const Address& address);  // /32 or /128

  const Address& address() const { return address_; }
  unsigned length() const { return length_; }  // bits
  Family family() const { return address_.family(); }
  bool isHost() const { return length_ == (address_.isV4() ? 32U : 128U); }
  bool contains(const Address& address) const;

  std::string toString() const;

  friend auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  Address address_;
  unsigned length_ = 0;
};

class MacAddress {
 public:
  MacAddress() = default;

  static Result<MacAddress> parse(std::string_view text);  // "02:42:ac:17:00:19"
  static MacAddress fromBytes(const std::uint8_t* sixBytes);

  const std::array<std::uint8_t, 6>& bytes() const { return bytes_; }
  std::string toString() const;

  friend auto operator<=>(const MacAddress&, const MacAddress&) = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

}  // namespace bgplb
