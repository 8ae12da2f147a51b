#include "netlink/expected.hpp"

namespace bgplb::netlink {

namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

std::string bridgeOf(const core::Action& action, const Mirror& mirror) {
  const Overloaded visitor{
      [](const core::BridgeAdd& a) { return a.name; },
      [](const core::VethAdd& a) { return a.bridge; },
      [&mirror](const core::LinkDel& a) {
        const Link* link = mirror.link(a.name);
        const Link* master = link == nullptr ? nullptr : mirror.link(link->master);
        return master == nullptr ? a.name : master->name;
      },
      [](const auto& a) { return a.dev; },
  };
  return std::visit(visitor, action);
}

core::KernelNetwork expected(core::KernelNetwork before, const core::Action& action) {
  core::KernelNetwork& state = before;
  const Overloaded visitor{
      [&state](const core::BridgeAdd& a) {
        state.bridge = true;
        state.mtu = a.mtu;
      },
      [&state](const core::VethAdd& a) { state.veths.insert(a.host); },
      [&state](const core::LinkDel& a) {
        if (core::isVethHostName(a.name)) {
          state.veths.erase(a.name);
        } else {
          state = {};
        }
      },
      [&state](const core::RouteReplace& a) { state.routes.insert(a.destination); },
      [&state](const core::RouteDel& a) { state.routes.erase(a.destination); },
      [&state](const core::NeighReplace& a) { state.neighbors[a.address] = a.mac; },
      [&state](const core::NeighDel& a) { state.neighbors.erase(a.address); },
  };
  std::visit(visitor, action);
  return before;
}

}  // namespace bgplb::netlink
