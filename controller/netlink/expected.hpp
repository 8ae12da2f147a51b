#pragma once
// What an action does, as values: what the mirror must show when nobody else interfered.

#include "core/kernel.hpp"
#include "netlink/mirror.hpp"

#include <string>

namespace bgplb::netlink {

// The bridge whose state an action changes; for the removal of a veth the one it is a port of.
std::string bridgeOf(const core::Action& action, const Mirror& mirror);

// `before`, the state of that bridge, once `action` has been taken.
core::KernelNetwork expected(core::KernelNetwork before, const core::Action& action);

}  // namespace bgplb::netlink
