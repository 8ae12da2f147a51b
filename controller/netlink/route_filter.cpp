#include "netlink/route_filter.hpp"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace bgplb::netlink {

namespace {

constexpr std::uint32_t kAccept = ~0U;  // bytes of the message to keep
constexpr std::uint32_t kDrop = 0;

// Offsets in a message. BPF loads big-endian numbers, and netlink headers are in host order.
constexpr std::uint32_t kType = offsetof(nlmsghdr, nlmsg_type);
constexpr std::uint32_t kFlags = offsetof(nlmsghdr, nlmsg_flags);
constexpr std::uint32_t kRoute = NLMSG_HDRLEN;
constexpr std::uint32_t kFamily = kRoute + offsetof(rtmsg, rtm_family);
constexpr std::uint32_t kLength = kRoute + offsetof(rtmsg, rtm_dst_len);
constexpr std::uint32_t kProtocol = kRoute + offsetof(rtmsg, rtm_protocol);
constexpr std::uint32_t kAttributes = kRoute + NLMSG_ALIGN(sizeof(rtmsg));
// Scratch memory.
constexpr std::uint32_t kDestination = 0;  // the first 32 bits
constexpr std::uint32_t kShift = 1;        // number of those bits that are not part of the prefix

class Program {
 public:
  void add(unsigned code, std::uint32_t operand) { push(code, 0, 0, operand); }
  // Skips `count` instructions unless the accumulator fulfils the test.
  void skipUnless(unsigned test, std::uint32_t operand, std::uint8_t count) {
    push(BPF_JMP | test | BPF_K, 0, count, operand);
  }
  void skipIf(unsigned test, std::uint32_t operand, std::uint8_t count) {
    push(BPF_JMP | test | BPF_K, count, 0, operand);
  }
  void acceptIf(unsigned test, std::uint32_t operand) {
    skipUnless(test, operand, 1);
    add(BPF_RET | BPF_K, kAccept);
  }
  void append(const Program& other) {
    code_.insert(code_.end(), other.code_.begin(), other.code_.end());
  }
  std::size_t size() const { return code_.size(); }
  std::vector<sock_filter> take() { return std::move(code_); }

 private:
  void push(unsigned code, std::uint8_t ifTrue, std::uint8_t ifFalse, std::uint32_t operand) {
    code_.push_back({static_cast<std::uint16_t>(code), ifTrue, ifFalse, operand});
  }
  std::vector<sock_filter> code_;
};

std::uint32_t firstBits(const Address& address) {
  const std::uint8_t* bytes = address.bytes();
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

// Accepts a destination whose prefix contains one of the addresses of that family, else drops it.
Program comparison(const std::set<Address>& addresses, Family family) {
  Program program;
  for (const Address& address : addresses) {
    if (address.family() != family) continue;
    program.add(BPF_LD | BPF_MEM, kDestination);
    program.add(BPF_ALU | BPF_XOR | BPF_K, firstBits(address));
    program.add(BPF_LDX | BPF_MEM, kShift);
    program.add(BPF_ALU | BPF_RSH | BPF_X, 0);
    program.acceptIf(BPF_JEQ, 0);
  }
  program.add(BPF_RET | BPF_K, kDrop);
  return program;
}

// Accepts a replacing message with that prefix length.
void acceptReplacingHostRoute(Program& program, std::uint32_t length) {
  program.add(BPF_LD | BPF_B | BPF_ABS, kLength);
  program.skipUnless(BPF_JEQ, length, 3);
  program.add(BPF_LD | BPF_H | BPF_ABS, kFlags);
  program.acceptIf(BPF_JSET, htons(NLM_F_REPLACE));
}

void storeDestination(Program& program) {
  program.add(BPF_LD | BPF_IMM, kAttributes);
  program.add(BPF_LDX | BPF_IMM, RTA_DST);
  program.add(BPF_LD | BPF_B | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR));
  program.acceptIf(BPF_JEQ, 0);  // no RTA_DST
  program.add(BPF_MISC | BPF_TAX, 0);
  program.add(BPF_LD | BPF_W | BPF_IND, sizeof(nlattr));
  program.add(BPF_ST, kDestination);
}

// The shift is 32 - min(length, 32). A length of 0 was accepted before.
void storeShift(Program& program) {
  program.add(BPF_LD | BPF_B | BPF_ABS, kLength);
  program.skipUnless(BPF_JGT, 32, 1);
  program.add(BPF_LD | BPF_IMM, 32);
  program.add(BPF_MISC | BPF_TAX, 0);
  program.add(BPF_LD | BPF_IMM, 32);
  program.add(BPF_ALU | BPF_SUB | BPF_X, 0);
  program.add(BPF_ST, kShift);
}

}  // namespace

std::vector<sock_filter> routeFilter(const std::set<Address>& addresses, core::Instance instance) {
  Program program;
  program.add(BPF_LD | BPF_H | BPF_ABS, kType);
  program.skipIf(BPF_JEQ, htons(RTM_NEWROUTE), 2);
  program.skipIf(BPF_JEQ, htons(RTM_DELROUTE), 1);
  program.add(BPF_RET | BPF_K, kAccept);
  program.add(BPF_LD | BPF_B | BPF_ABS, kProtocol);
  program.acceptIf(BPF_JEQ, instance.routeProtocol());
  program.add(BPF_LD | BPF_B | BPF_ABS, kLength);
  program.acceptIf(BPF_JEQ, 0);  // a default route
  acceptReplacingHostRoute(program, 32);
  acceptReplacingHostRoute(program, 128);
  storeDestination(program);
  storeShift(program);
  const Program v4 = comparison(addresses, Family::V4);
  program.add(BPF_LD | BPF_B | BPF_ABS, kFamily);
  program.skipIf(BPF_JEQ, AF_INET, 1);
  program.add(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(v4.size()));
  program.append(v4);
  program.append(comparison(addresses, Family::V6));
  return program.take();
}

}  // namespace bgplb::netlink
