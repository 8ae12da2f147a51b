#pragma once
// The values of the calls and of the other programs' objects: valid, alike, invalid and hostile
// ones.

#include "base/address.hpp"

#include <array>
#include <string>
#include <vector>

namespace bgplb::fuzz {

// Two with the same first 9 characters, so with the same bridge; one of Swarm.
inline const std::array kNetworks{
    std::string("aaaaaaaaa1111111111111111111111111111111111111111111111111111111"),
    std::string("bbbbbbbbb2222222222222222222222222222222222222222222222222222222"),
    std::string("aaaaaaaaa3333333333333333333333333333333333333333333333333333333"),
    std::string("1k2j3h4g5f6d7s8a9p0o1i2u3"),
    std::string("ABCDEFGHIJKLMNOP"),
    std::string("../../../../etc/passwd"),
    std::string("bbbbbbbbb\n2222222222"),
    std::string("eth0"),
    std::string(),
    std::string(300, 'a'),
    std::string("aaaaaaaaa%s%n{}\0x", 17),
    std::string("aaaaaaaaa\xc3\xa4\xe2\x80\xae"),
    std::string("ca11ab1e1") + std::string(55, 'f')};  // the bridge of kBystander

// Two with the same first 12 characters, so with the same links.
inline const std::array kEndpoints{
    std::string("e1e1e1e1e1e1") + std::string(52, '0'),
    std::string("e2e2e2e2e2e2") + std::string(52, '0'),
    std::string("e1e1e1e1e1e1") + std::string(52, 'f'), std::string("e3e3e3e3e3e3"),
    std::string(128, 'd'), std::string("../../../../dev/null"), std::string("xyzxyzxyzxyz"),
    std::string("E1E1E1E1E1E1"), std::string("e1e1"), std::string(), std::string(129, 'd'),
    // the links of kBystanderEndpoint
    std::string("ca11ab1e1111") + std::string(52, 'f')};

// Addresses of the host, of its peer, of the next hops of backends, inside Docker's networks.
inline const std::array kVips{std::string("10.0.0.101/32"),
                              std::string("2001:db8:0:1::101/128"),
                              std::string("10.0.0.102/32"),
                              std::string("2001:db8:0:1::102/128"),
                              std::string("172.17.0.5/32"),
                              std::string("192.168.8.40/32"),
                              std::string("192.168.8.137/32"),
                              std::string("192.168.8.1/32"),
                              std::string("203.0.113.5/32"),
                              std::string("2001:db8:0:8::40/128"),
                              std::string("169.254.77.1/32"),
                              std::string("fe80::77:1/128"),
                              std::string("224.0.0.5/32"),
                              std::string("0.0.0.0/32"),
                              std::string("255.255.255.255/32"),
                              std::string("127.0.0.1/32"),
                              std::string("10.0.0.0/8"),
                              std::string("0.0.0.0/0"),
                              std::string("::ffff:10.0.0.101/128"),
                              std::string("::/0"),
                              std::string("10.0.0.101/32; reboot"),
                              std::string()};

inline const std::array kMacs{std::string(),
                              std::string("02:00:00:00:00:01"),
                              std::string("02:00:00:00:00:02"),
                              std::string("02:aa:00:00:00:01"),
                              std::string("01:00:5e:00:00:01"),
                              std::string("00:00:00:00:00:00"),
                              std::string("ff:ff:ff:ff:ff:ff"),
                              std::string("not a MAC address")};

// Links of other programs. Their names look like those of this plugin, for ids that dockerd uses
// and for other ids.
inline const std::array kLinks{
    std::string("bgplb-aaaaaaaaa"), std::string("bgle1e1e1e1e1e1"), std::string("eth1"),
    std::string("bgplb-ccccccccc"), std::string("bglcccccccccccc"), std::string("br-111111111111"),
    std::string("bgplb-x"),         std::string("bgce1e1e1e1e1e1"), std::string("bgplb-bbbbbbbbb"),
    std::string("docker_gwbridge")};

// A network that no other step uses.
inline const std::string kOtherNetwork = "ca11ab1e0" + std::string(55, '4');
inline const std::string kOtherEndpoint = "ca11ab1e0000" + std::string(52, '5');
inline constexpr const char* kOtherVip = "10.9.9.9/32";
inline constexpr const char* kOtherVip6 = "2001:db8:9::9/128";

// No other step uses this network either. It exists all the time.
inline const std::string kBystander = "ca11ab1e1" + std::string(55, '4');
inline const std::string kBystanderEndpoint = "ca11ab1e1111" + std::string(52, '5');
inline constexpr const char* kBystanderVip = "10.9.9.8/32";
inline constexpr const char* kBystanderVip6 = "2001:db8:9::8/128";
inline constexpr const char* kBystanderLink = "bglca11ab1e1111";

inline std::vector<Prefix> prefixesOf(const std::vector<std::string>& texts) {
  std::vector<Prefix> all;
  for (const auto& text : texts) {
    if (const auto prefix = Prefix::parse(text)) all.push_back(*prefix);
  }
  return all;
}

template <typename Array>
const std::string& pick(const Array& values, unsigned which) {
  return values[which % values.size()];
}

}  // namespace bgplb::fuzz
