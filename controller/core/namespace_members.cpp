#include "core/namespace_members.hpp"

#include "core/fold_networks.hpp"

#include <algorithm>
#include <iterator>

namespace bgplb::core {

namespace {

const Container* known(const Facts& facts, const ContainerId& id) {
  const auto found = facts.containers.find(id);
  return found == facts.containers.end() ? nullptr : &found->second;
}

// Docker's times (RFC 3339) in UTC, whose fraction has no trailing zeros.
bool isEarlier(std::string_view one, std::string_view other) {
  const auto withoutZone = [](std::string_view time) {
    return time.ends_with('Z') ? time.substr(0, time.size() - 1) : time;
  };
  return withoutZone(one) < withoutZone(other);
}

// Without the start time of one of them, its `start` event was received, in order.
bool isInNamespaceOf(const Container& member, const Container& holder) {
  if (member.startedAt.empty() || holder.startedAt.empty()) return true;
  return !isEarlier(member.startedAt, holder.startedAt);
}

void forgetMember(Facts& facts, const ContainerId& holder, const ContainerId& id) {
  const auto members = facts.members.find(holder);
  members->second.erase(id);
  if (members->second.empty()) facts.members.erase(members);
}

}  // namespace

std::optional<ContainerId> findHolder(const Facts& facts, std::string_view target) {
  if (target.empty()) return std::nullopt;
  const auto& all = facts.containers;
  const auto byId = all.lower_bound(ContainerId(std::string(target)));
  auto found = byId;
  if (byId == all.end() || byId->first.value != target) {
    found = std::find_if(all.begin(), all.end(),
                         [target](const auto& entry) { return entry.second.name == target; });
    if (found == all.end()) found = byId;
  }
  const bool named = found != all.end() &&
                     (found->second.name == target || found->first.value.starts_with(target));
  return named && !found->second.attached.empty() ? std::optional(found->first) : std::nullopt;
}

Touched setNamespace(Facts& facts, const ContainerId& id, std::string_view target) {
  auto& container = facts.containers[id];
  const auto holder = findHolder(facts, target);
  Touched touched = networksOf(facts, id);
  if (container.holder && container.holder != holder) {
    forgetMember(facts, *container.holder, id);
    container.holder.reset();
  }
  if (!holder || *holder == id) return touched;
  container.holder = holder;
  facts.members[*holder].insert(id);
  if (container.run == RunState::Running && isServingMember(facts, id)) {
    facts.containers.at(*holder).lostMember.clear();
  }
  touched.merge(networksOf(facts, id));
  return touched;
}

void leaveNamespace(Facts& facts, const ContainerId& id) {
  const auto container = facts.containers.find(id);
  if (container == facts.containers.end()) return;
  const auto& holder = container->second.holder;
  if (holder) {
    if (isServingMember(facts, id)) {
      facts.containers.at(*holder).lostMember = container->second.name;
    }
    forgetMember(facts, *holder, id);
    container->second.holder.reset();
  }
  const auto own = facts.members.find(id);
  if (own == facts.members.end()) return;
  for (const auto& member : own->second) facts.containers.at(member).holder.reset();
  facts.members.erase(own);
}

bool isServingMember(const Facts& facts, const ContainerId& id) {
  const auto* member = known(facts, id);
  if (member == nullptr || !member->holder) return false;
  const auto* holder = known(facts, *member->holder);
  const bool counts = member->server.value_or(true);  // until the first inspection
  return holder != nullptr && counts && isInNamespaceOf(*member, *holder);
}

std::vector<ContainerId> allMembers(const Facts& facts, const ContainerId& holder) {
  const auto members = facts.members.find(holder);
  if (members == facts.members.end()) return {};
  return {members->second.begin(), members->second.end()};
}

std::vector<ContainerId> servingMembers(const Facts& facts, const ContainerId& holder) {
  auto members = allMembers(facts, holder);
  std::erase_if(members, [&facts](const auto& id) { return !isServingMember(facts, id); });
  return members;
}

std::string lostMember(const Facts& facts, const ContainerId& holder) {
  const auto* container = known(facts, holder);
  if (container == nullptr || container->lostMember.empty()) return {};
  const auto members = servingMembers(facts, holder);
  const bool another = std::any_of(members.begin(), members.end(), [&facts](const auto& id) {
    return facts.containers.at(id).run != RunState::Stopped;
  });
  return another ? std::string() : container->lostMember;
}

}  // namespace bgplb::core
