#include "support/dockerd/bgp_wire.hpp"

#include <array>
#include <stdexcept>

namespace bgplb::test::bgp {

namespace {

constexpr std::size_t kHeader = 19;        // marker, length, type
constexpr std::uint16_t kAsTrans = 23456;  // AS_TRANS (RFC 6793): replaces a 4-byte AS number
constexpr std::uint8_t kMpReach = 14;      // RFC 4760
constexpr std::uint8_t kMpUnreach = 15;
constexpr std::uint8_t kExtendedLength = 0x10;
constexpr std::uint16_t kAfi4 = 1;
constexpr std::uint16_t kAfi6 = 2;

// Reads a view from its front. Throws if the view is too short.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
  bool atEnd() const { return bytes_.empty(); }
  std::string_view take(std::size_t size) {
    if (bytes_.size() < size) throw std::runtime_error("a BGP message ends too early");
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint16_t word() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::string_view rest() { return take(bytes_.size()); }

 private:
  std::string_view bytes_;
};

std::vector<Prefix> prefixes(Family family, std::string_view bytes) {
  std::vector<Prefix> found;
  Cursor cursor(bytes);
  while (!cursor.atEnd()) {
    const unsigned length = cursor.byte();
    const auto significant = cursor.take((length + 7) / 8);
    std::array<std::uint8_t, 16> address{};
    if (significant.size() > address.size()) throw std::runtime_error("a prefix is too long");
    for (std::size_t i = 0; i < significant.size(); ++i) {
      address[i] = static_cast<std::uint8_t>(significant[i]);
    }
    found.push_back(Prefix::of(Address::fromBytes(family, address.data()), length));
  }
  return found;
}

void append(std::vector<Prefix>& to, const std::vector<Prefix>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void takeAttribute(std::uint8_t type, std::string_view value, Update& update) {
  Cursor cursor(value);
  if (type != kMpReach && type != kMpUnreach) return;
  const Family family = cursor.word() == kAfi6 ? Family::V6 : Family::V4;
  cursor.byte();  // SAFI
  if (type == kMpUnreach) {
    append(update.withdrawn, prefixes(family, cursor.rest()));
    return;
  }
  cursor.take(cursor.byte());  // next hop
  cursor.byte();               // reserved
  append(update.announced, prefixes(family, cursor.rest()));
}

std::string word(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

std::string message(Type type, const std::string& body) {
  return std::string(16, '\xff') + word(static_cast<unsigned>(kHeader + body.size())) +
         static_cast<char>(type) + body;
}

// RFC 5492: an optional parameter of type 2.
std::string capability(std::uint8_t code, const std::string& value) {
  std::string text{static_cast<char>(code), static_cast<char>(value.size())};
  text += value;
  return std::string{2, static_cast<char>(text.size())} + text;
}

std::string unicast(std::uint16_t afi) { return word(afi) + std::string{0, 1}; }

}  // namespace

std::optional<Message> takeMessage(std::string& bytes) {
  if (bytes.size() < kHeader) return std::nullopt;
  Cursor header(std::string_view(bytes).substr(16));
  const std::size_t length = header.word();
  const auto type = static_cast<Type>(header.byte());
  if (length < kHeader) throw std::runtime_error("a BGP message is shorter than its header");
  if (bytes.size() < length) return std::nullopt;
  Message taken{type, bytes.substr(kHeader, length - kHeader)};
  bytes.erase(0, length);
  return taken;
}

Update parseUpdate(std::string_view body) {
  Update update;
  Cursor cursor(body);
  append(update.withdrawn, prefixes(Family::V4, cursor.take(cursor.word())));
  Cursor attributes(cursor.take(cursor.word()));
  append(update.announced, prefixes(Family::V4, cursor.rest()));
  while (!attributes.atEnd()) {
    const std::uint8_t flags = attributes.byte();
    const std::uint8_t type = attributes.byte();
    const std::size_t length =
        (flags & kExtendedLength) != 0 ? attributes.word() : attributes.byte();
    takeAttribute(type, attributes.take(length), update);
  }
  return update;
}

std::string openMessage(std::uint32_t as, const Address& routerId, std::uint16_t holdTime) {
  const std::string capabilities = capability(1, unicast(kAfi4)) + capability(1, unicast(kAfi6)) +
                                   capability(65, word(as >> 16) + word(as & 0xffff));
  std::string body{4};  // the version
  body += word(as > 0xffff ? kAsTrans : as) + word(holdTime);
  body.append(reinterpret_cast<const char*>(routerId.bytes()), routerId.size());
  body += static_cast<char>(capabilities.size());
  return message(Type::Open, body + capabilities);
}

std::string keepaliveMessage() { return message(Type::Keepalive, ""); }

}  // namespace bgplb::test::bgp
