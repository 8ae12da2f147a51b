#pragma once
// What a program of the packet filter's said when it failed, as one line.

#include "io/process.hpp"

#include <string>

namespace bgplb::firewall {

std::string words(const io::Finished& finished);

}  // namespace bgplb::firewall
