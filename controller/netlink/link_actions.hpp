#pragma once
// Applies the actions on links and neighbours: sends the rtnetlink requests of each. All actions
// are idempotent. Owned and called by RtnlKernel.

#include "core/actions.hpp"
#include "netlink/kernel_mirror.hpp"
#include "netlink/link_remover.hpp"
#include "netlink/socket.hpp"

namespace bgplb::netlink {

class LinkActions {
 public:
  // All three must outlive this object.
  LinkActions(Socket& socket, KernelMirror& mirror, LinkRemover& remover)
      : socket_(socket), mirror_(mirror), remover_(remover) {}

  // Conflict: another program's link has the name. Otherwise as Socket::request().
  Result<void> apply(const core::BridgeAdd& action);
  Result<void> apply(const core::VethAdd& action);
  Result<void> apply(const core::PortIsolate& action);
  Result<void> apply(const core::LinkDel& action);
  Result<void> apply(const core::NeighReplace& action);
  Result<void> apply(const core::NeighDel& action);

  // Sets accept_ra of the bridge to 0. The first failure is logged.
  void refuseRouterAdvertisements(const Link& bridge);

 private:
  std::optional<Link> find(const std::string& name) const;
  // Returns the link of that name. If it does not exist, sends `creation` first. Conflict: the link
  // is of another kind.
  Result<Link> findOrCreate(const std::string& name, const char* kind, const Request& creation);
  Result<void> bringUp(const Link& link, unsigned mtu, int master);

  Socket& socket_;
  KernelMirror& mirror_;
  LinkRemover& remover_;
  bool refusalFailed_ = false;  // of accept_ra
};

}  // namespace bgplb::netlink
