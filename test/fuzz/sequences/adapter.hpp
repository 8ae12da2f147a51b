#pragma once
// The simulated kernel and the simulated time that the replaced sources (adapter.cpp) use.

#include "core/facts.hpp"
#include "fuzz/sequences/kernel.hpp"

namespace bgplb::fuzz {

struct Simulation {
  SimKernel* kernel = nullptr;
  core::TimePoint now{};
};

Simulation& simulation();

}  // namespace bgplb::fuzz
