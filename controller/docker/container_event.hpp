#pragma once
// What an event about a container changes in the facts. Pure.

#include "core/fold_containers.hpp"
#include "docker/engine_codec.hpp"

namespace bgplb::docker {

// The VIP networks that may be concerned. An action that is of no interest changes nothing.
core::Touched foldContainerEvent(core::Facts& facts, const core::Policy& policy,
                                 const EngineEvent& event, core::TimePoint now);

}  // namespace bgplb::docker
