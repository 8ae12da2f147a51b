#pragma once
// The containers that share the network namespace of a container on a VIP network (`docker run
// --network container:NAME`, Compose: `network_mode`). The latter, the holder, has the VIP; the
// server is often one of the others, its members. Pure. Called by the functions that change the
// facts about containers, and by readiness.
//
// A member counts if it is a server: it has a health check, or its restart policy is `always` or
// `unless-stopped`. Tools that an operator runs in the namespace for a moment have neither. A
// member that started before the last start of the holder is in a former namespace.

#include "core/facts.hpp"

#include <string_view>
#include <vector>

namespace bgplb::core {

// The known container that `target` names, by its id, the beginning of it, or its name. None: it is
// unknown or not on a VIP network.
std::optional<ContainerId> findHolder(const Facts& facts, std::string_view target);

// dockerd has reported the namespace of a container; `target` empty: its own. Returns the VIP
// networks of the former and of the new holder.
Touched setNamespace(Facts& facts, const ContainerId& id, std::string_view target);

// The container was removed. If it was a server that counted, its name becomes the holder's
// Container::lostMember.
void leaveNamespace(Facts& facts, const ContainerId& id);

// The container counts as a member of its holder's present namespace.
bool isServingMember(const Facts& facts, const ContainerId& id);

// The members that count.
std::vector<ContainerId> servingMembers(const Facts& facts, const ContainerId& holder);

// All known members, for the status page.
std::vector<ContainerId> allMembers(const Facts& facts, const ContainerId& holder);

// A server of the holder's present namespace was removed, and no other one runs there. Returns its
// name; empty: none.
std::string lostMember(const Facts& facts, const ContainerId& holder);

}  // namespace bgplb::core
