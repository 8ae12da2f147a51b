// The simulated kernel's objects, and how they depend on each other.
#include "fuzz/sequences/kernel.hpp"

#include "support/build.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <utility>

namespace bgplb::fuzz {

using test::ip;
using test::net;

int KernelState::find(const std::string& link) const {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&link](const auto& entry) { return entry.second.name == link; });
  return found == links.end() ? 0 : found->first;
}

// A host with one uplink, its default routes and Docker's default bridge.
SimKernel::SimKernel() {
  const int loopback = addLink({.name = "lo", .kind = "", .up = true});
  const int uplink =
      addLink({.name = "eth0", .kind = "", .up = true, .mac = test::mac("02:aa:00:00:00:01")});
  const int docker0 = addLink(
      {.name = "docker0", .kind = "bridge", .up = true, .mac = test::mac("02:aa:00:00:00:02")});
  const auto has = [this](int link, const char* address, const char* subnet) {
    addAddress({link, ip(address), net(subnet)});
    if (link == 1) return;
    addRoute({RT_TABLE_MAIN, net(subnet), Prefix(net(subnet)).family() == Family::V4 ? 0U : 256U},
             {.protocol = RTPROT_KERNEL, .link = link});
  };
  has(loopback, "127.0.0.1", "127.0.0.0/8");
  has(uplink, "192.168.8.40", "192.168.8.0/24");
  has(uplink, "2001:db8:0:8::40", "2001:db8:0:8::/64");
  has(docker0, "172.17.0.1", "172.17.0.0/16");
  addRoute({RT_TABLE_MAIN, net("0.0.0.0/0"), 0},
           {.protocol = RTPROT_BOOT, .link = uplink, .gateway = ip("192.168.8.1")});
  addRoute({RT_TABLE_MAIN, net("::/0"), 1024},
           {.protocol = RTPROT_RA, .link = uplink, .gateway = ip("fe80::1")});
  queue_.clear();
}

std::optional<SimKernel::Message> SimKernel::nextNotification() {
  if (queue_.empty()) return std::nullopt;
  Message next = std::move(queue_.front());
  queue_.pop_front();
  return next;
}

void SimKernel::loseNotifications() {
  queue_.clear();
  overrun_ = true;
}

void SimKernel::notifyLink(int index) { notify(linkMessage(index, state_.links.at(index), true)); }

int SimKernel::addLink(SimLink link) {
  if (state_.find(link.name) != 0) return 0;
  const int index = ++lastIndex_;
  link.running = link.up && hasCarrier(index, link);
  state_.links.emplace(index, std::move(link));
  notifyLink(index);
  return index;
}

void SimKernel::removeLink(int index) {
  const auto found = state_.links.find(index);
  if (found == state_.links.end()) return;
  slow_.erase(index);
  const SimLink link = found->second;
  std::vector<int> ports;
  for (const auto& [port, other] : state_.links) {
    if (other.master == index) ports.push_back(port);
  }
  for (const int port : ports) changeLink(port, [](SimLink& left) { left.master = 0; });
  for (const auto& address : std::set(state_.addresses)) {
    if (address.link == index) removeAddress(address);
  }
  std::erase_if(state_.neighbors,
                [index](const auto& entry) { return entry.first.first == index; });
  std::erase_if(state_.forwarding,
                [index](const auto& entry) { return entry.first.first == index; });
  dropRoutesOn(index);
  dropNextHopsOn(index);
  state_.links.erase(index);
  notify(linkMessage(index, link, false));
  if (link.peer != 0) {
    if (const auto peer = state_.links.find(link.peer); peer != state_.links.end()) {
      peer->second.peer = 0;
      removeLink(link.peer);
    }
  }
  updateCarriers();
}

void SimKernel::changeLink(int index, const std::function<void(SimLink&)>& change) {
  const auto found = state_.links.find(index);
  if (found == state_.links.end()) return;
  SimLink& link = found->second;
  const SimLink before = link;
  change(link);
  if (before.up && !link.up) {
    dropRoutesOn(index);
    std::erase_if(state_.neighbors,
                  [index](const auto& entry) { return entry.first.first == index; });
  }
  if (before.mac != link.mac) {  // neigh_changeaddr()
    std::vector<Address> flushed;
    for (const auto& [key, neighbor] : state_.neighbors) {
      if (key.first == index) flushed.push_back(key.second);
    }
    for (const auto& address : flushed) removeNeighbor(index, address);
  }
  if (before.master != link.master) {
    link.isolated = false;
    std::vector<MacAddress> flushed;
    for (const auto& [key, entry] : state_.forwarding) {
      if (key.first == index) flushed.push_back(key.second);
    }
    for (const auto& mac : flushed) {
      state_.forwarding.erase({index, mac});
      notify(forwardingMessage(index, before.master, mac, false));
    }
  }
  notifyLink(index);
  updateCarriers();
}

bool SimKernel::hasCarrier(int index, const SimLink& link) const {
  if (link.kind == "veth") return link.peerUp;
  if (link.kind != "bridge" || !link.name.starts_with("bgplb-")) return true;
  return std::any_of(state_.links.begin(), state_.links.end(), [index](const auto& entry) {
    return entry.second.master == index && entry.second.running;
  });
}

// The kernel removes the next hops on a link that loses its carrier.
void SimKernel::updateCarriers() {
  for (bool again = true; std::exchange(again, false);) {
    for (auto& [index, link] : state_.links) {
      const bool running = link.up && hasCarrier(index, link);
      if (link.running == running) continue;
      link.running = running;
      notifyLink(index);
      if (!running) dropNextHopsOn(index);
      again = true;
      break;
    }
  }
}

void SimKernel::moveToContainer(const std::string& containerEnd) {
  const int index = state_.find(containerEnd);
  if (index == 0) return;
  const SimLink moved = state_.links.at(index);
  state_.links.erase(index);
  notify(linkMessage(index, moved, false));
  changeLink(moved.peer, [](SimLink& host) {
    host.peer = 0;
    host.peerUp = true;
  });
}

void SimKernel::finishRemovals() {
  for (const int index : std::exchange(slow_, {})) handle(netlink::linkDel(index).header());
}

void SimKernel::addAddress(const SimAddress& address) {
  if (!state_.links.contains(address.link)) return;
  if (state_.addresses.insert(address).second) notify(addressMessage(address, true));
}

void SimKernel::removeAddress(const SimAddress& address) {
  if (state_.addresses.erase(address) > 0) notify(addressMessage(address, false));
}

void SimKernel::addRoute(const RouteKey& key, const SimRoute& route) {
  if (route.link != 0 && !state_.links.contains(route.link)) return;
  const bool replaces = state_.routes.contains(key);
  state_.routes.insert_or_assign(key, route);
  notify(routeMessage(key, route, true, replaces));
}

void SimKernel::removeRoute(const RouteKey& key) {
  const auto found = state_.routes.find(key);
  if (found == state_.routes.end()) return;
  const SimRoute route = found->second;
  state_.routes.erase(found);
  notify(routeMessage(key, route, false));
}

// Sends no notification, as the kernel does for IPv4.
void SimKernel::dropRoutesOn(int link) {
  std::erase_if(state_.routes, [link](const auto& entry) { return entry.second.link == link; });
}

void SimKernel::addNextHop(std::uint32_t id, const SimNextHop& hop) {
  state_.nextHops.insert_or_assign(id, hop);
  notify(nextHopMessage(id, hop, true));
}

void SimKernel::removeNextHop(std::uint32_t id, bool notifies) {
  const auto found = state_.nextHops.find(id);
  if (found == state_.nextHops.end()) return;
  const SimNextHop hop = found->second;
  state_.nextHops.erase(found);
  std::erase_if(state_.routes, [id](const auto& entry) { return entry.second.nextHop == id; });
  std::vector<std::uint32_t> emptied;
  for (auto& [group, other] : state_.nextHops) {
    if (other.members.erase(id) > 0 && other.members.empty()) emptied.push_back(group);
  }
  if (notifies) notify(nextHopMessage(id, hop, false));
  for (const auto group : emptied) removeNextHop(group, notifies);
}

void SimKernel::dropNextHopsOn(int link) {
  std::vector<std::uint32_t> dropped;
  for (const auto& [id, hop] : state_.nextHops) {
    if (hop.link == link) dropped.push_back(id);
  }
  for (const auto id : dropped) removeNextHop(id, false);
}

void SimKernel::addRule(const SimRule& rule) {
  if (state_.rules.insert(rule).second) notify(ruleMessage(rule, true));
}

void SimKernel::removeRule(const SimRule& rule) {
  if (state_.rules.erase(rule) > 0) notify(ruleMessage(rule, false));
}

void SimKernel::setNeighbor(int link, const Address& address, const SimNeighbor& neighbor) {
  if (!state_.links.contains(link)) return;
  state_.neighbors.insert_or_assign({link, address}, neighbor);
  notify(neighborMessage(link, address, neighbor.mac, true));
}

void SimKernel::removeNeighbor(int link, const Address& address) {
  const auto found = state_.neighbors.find({link, address});
  if (found == state_.neighbors.end()) return;
  const MacAddress mac = found->second.mac;
  state_.neighbors.erase(found);
  notify(neighborMessage(link, address, mac, false));
}

void SimKernel::setForwarding(int port, const MacAddress& mac, Maker maker) {
  const auto link = state_.links.find(port);
  if (link == state_.links.end() || link->second.master == 0) return;
  state_.forwarding.insert_or_assign({port, mac}, SimNeighbor{mac, maker});
  notify(forwardingMessage(port, link->second.master, mac, true));
}

void SimKernel::removeForwarding(int port, const MacAddress& mac) {
  const auto link = state_.links.find(port);
  if (link == state_.links.end() || state_.forwarding.erase({port, mac}) == 0) return;
  notify(forwardingMessage(port, link->second.master, mac, false));
}

}  // namespace bgplb::fuzz
