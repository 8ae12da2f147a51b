#pragma once
// Applies one Docker event about a container to the facts. Called by EngineDialogue. Pure.

#include "core/fold_containers.hpp"
#include "docker/engine_codec.hpp"

namespace bgplb::docker {

// Returns the VIP networks that the event may affect. Unknown actions change nothing.
core::Touched foldContainerEvent(core::Facts& facts, const core::Policy& policy,
                                 const EngineEvent& event, core::TimePoint now);

}  // namespace bgplb::docker
