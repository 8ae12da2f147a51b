#pragma once
// Fields of rtnetlink requests, for the simulated kernel.

#include "base/address.hpp"

#include <libmnl/libmnl.h>
#include <sys/socket.h>

namespace bgplb::fuzz {

template <typename Header>
const Header& headerOf(const nlmsghdr& request) {
  return *static_cast<const Header*>(mnl_nlmsg_get_payload(&request));
}

inline Family familyOf(unsigned char family) { return family == AF_INET ? Family::V4 : Family::V6; }

}  // namespace bgplb::fuzz
