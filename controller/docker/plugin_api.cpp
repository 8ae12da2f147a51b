#include "docker/plugin_api.hpp"

#include "base/hash.hpp"
#include "base/log.hpp"
#include "core/backends.hpp"
#include "core/vip.hpp"
#include "core/vip_rules.hpp"
#include "json/read.hpp"

#include <fmt/format.h>

#include <array>

namespace bgplb::docker {

namespace {

unsigned statusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
    case ErrorKind::Unsupported: return 400;
    case ErrorKind::NotFound: return 404;
    case ErrorKind::Conflict: return 409;
    case ErrorKind::Transient: return 500;
    case ErrorKind::Unavailable: return 503;
  }
  return 500;
}

// The pools of one family must be one host prefix. None: no pool, or the placeholder IPv4 pool of
// an IPv6-only network.
Result<std::optional<Prefix>> vipOf(const std::vector<Prefix>& pools, Family family) {
  if (pools.empty()) return std::optional<Prefix>();
  if (pools.size() > 1 || !pools.front().isHost() || pools.front().family() != family) {
    return invalid(
        fmt::format("{}: {}; create it with this plugin as --driver and as --ipam-driver",
                    pools.front().toString(), core::kAllowedVips));
  }
  if (core::isStandIn(pools.front())) return std::optional<Prefix>();
  return std::optional<Prefix>(pools.front());
}

// dockerd accepts these options for every driver. They contradict a VIP.
Result<void> checkOptions(const CreateNetworkRequest& request) {
  for (const auto& space : request.addressSpaces) {
    if (space.empty() || space == core::kAddressSpace) continue;
    return invalid(fmt::format(
        "the network's pool is from another IPAM driver, which would give no container the VIP: "
        "create the network with --ipam-driver, too, and the same name as for --driver; {}",
        core::kAllowedVips));
  }
  if (request.internal) {
    return invalid(
        "--internal is not possible: a VIP is announced, so it is reachable from "
        "outside");
  }
  if (request.auxiliaryAddresses) {
    return invalid("--aux-address is not possible: a VIP network has no address but the VIP");
  }
  return {};
}

// Docker generates a MAC address for every endpoint because the IPAM driver sets
// RequiresMACAddress. If a call has none, derive a locally administered address from the endpoint's
// ID (IEEE 802: second bit of the first byte).
MacAddress macFor(const EndpointId& endpoint) {
  const std::uint64_t hash = fnv1a(endpoint.value);
  std::array<std::uint8_t, 6> bytes{0x02};
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(hash >> (8 * i));
  }
  return MacAddress::fromBytes(bytes.data());
}

}  // namespace

PluginApi::PluginApi(reconcile::Loop& loop, reconcile::Kernel& kernel, bool globalScope)
    : loop_(loop), kernel_(kernel), globalScope_(globalScope) {
  // dockerd sends calls without arguments without a body, so the body is not parsed.
  const auto fixedReply = [](std::string text) {
    return [text = std::move(text)](std::string_view) -> Answer { return text; };
  };
  handlers_["/Plugin.Activate"] = fixedReply(renderActivate());
  handlers_["/NetworkDriver.GetCapabilities"] = fixedReply(renderNetworkCapabilities(globalScope_));
  handlers_["/IpamDriver.GetCapabilities"] = fixedReply(renderIpamCapabilities());
  handlers_["/IpamDriver.GetDefaultAddressSpaces"] = fixedReply(renderAddressSpaces());

  // These calls need no action. Their body must still be a JSON object.
  const auto noAction = [](std::string text) {
    return [text = std::move(text)](std::string_view body) -> Answer {
      const auto request = parseObject(body);
      if (!request) return request.error();
      return text;
    };
  };
  handlers_["/NetworkDriver.GwAllocCheck"] = noAction(renderGwAllocCheck());
  handlers_["/NetworkDriver.FreeNetwork"] = noAction(renderEmpty());
  handlers_["/NetworkDriver.EndpointOperInfo"] = noAction(renderOperInfo());
  handlers_["/NetworkDriver.ProgramExternalConnectivity"] = noAction(renderEmpty());
  handlers_["/NetworkDriver.RevokeExternalConnectivity"] = noAction(renderEmpty());
  handlers_["/NetworkDriver.DiscoverNew"] = noAction(renderEmpty());
  handlers_["/NetworkDriver.DiscoverDelete"] = noAction(renderEmpty());
  // The VIP is also the network's gateway address, so its release does not mean that an endpoint
  // was removed.
  handlers_["/IpamDriver.ReleasePool"] = noAction(renderEmpty());
  handlers_["/IpamDriver.ReleaseAddress"] = noAction(renderEmpty());

  const auto method = [this](Answer (PluginApi::*member)(std::string_view)) {
    return [this, member](std::string_view body) { return (this->*member)(body); };
  };
  handlers_["/NetworkDriver.AllocateNetwork"] = method(&PluginApi::allocateNetwork);
  handlers_["/NetworkDriver.CreateNetwork"] = method(&PluginApi::createNetwork);
  handlers_["/NetworkDriver.DeleteNetwork"] = method(&PluginApi::deleteNetwork);
  handlers_["/NetworkDriver.CreateEndpoint"] = method(&PluginApi::createEndpoint);
  handlers_["/NetworkDriver.DeleteEndpoint"] = method(&PluginApi::deleteEndpoint);
  handlers_["/NetworkDriver.Join"] = method(&PluginApi::join);
  handlers_["/NetworkDriver.Leave"] = method(&PluginApi::leave);
  handlers_["/IpamDriver.RequestPool"] = method(&PluginApi::requestPool);
  handlers_["/IpamDriver.RequestAddress"] = method(&PluginApi::requestAddress);
}

PluginAnswer PluginApi::call(std::string_view path, std::string_view body) {
  const auto handler = handlers_.find(path);
  if (handler == handlers_.end()) {
    return {404, renderError(fmt::format("{} is not a call of this plugin", path.substr(0, 100)))};
  }
  const Answer answer = handler->second(body);
  if (answer) {
    log::debug("{}: done", path);
    return {200, *answer};
  }
  log::warning("{}: refused: {}", path, answer.error().message);
  return {statusOf(answer.error().kind), renderError(answer.error().message)};
}

Result<void> PluginApi::checkNetwork(const CreateNetworkRequest& request) const {
  const reconcile::Reconciler& state = loop_.reconciler();
  const auto own = core::checkBridge(state.facts(), request.network);
  if (!own) return own.error();
  if (auto shared = state.sharedInstance(); !shared.empty()) return conflict(std::move(shared));
  for (const auto* pools : {&request.pools4, &request.pools6}) {
    for (const auto& vip : *pools) {
      if (core::isStandIn(vip)) continue;
      if (const auto allowed = checkVip(vip); !allowed) return allowed.error();
      const auto free = core::checkHolder(state.facts(), request.network, vip);
      if (!free) return free.error();
      if (auto others = core::checkOtherNetworks(state.facts(), request.network, vip); !others) {
        return others.error();
      }
      const auto warning = core::connectedWarning(state.hostNeeds(), vip);
      if (!warning.empty()) log::warning("{}", warning);
    }
  }
  return {};
}

Result<void> PluginApi::checkVip(const Prefix& vip) const {
  const reconcile::Reconciler& state = loop_.reconciler();
  return core::checkVip(state.facts(), state.hostNeeds(), state.policy(), vip);
}

Result<void> PluginApi::checkLinks(const NetworkId& network) const {
  const auto& facts = loop_.reconciler().facts();
  if (facts.networks.count(network) > 0) return {};
  return core::checkBridge(facts, network);
}

Result<void> PluginApi::checkLinks(const EndpointRequest& request) const {
  if (auto own = checkLinks(request.network); !own) return own;
  return core::checkVeth(loop_.reconciler().facts(), request.endpoint);
}

bool PluginApi::isKnown(const EndpointId& endpoint) const {
  return loop_.reconciler().facts().endpoints.contains(endpoint);
}

PluginApi::Answer PluginApi::createNetwork(std::string_view body) {
  const auto request = parseCreateNetwork(body);
  if (!request) return request.error();
  if (const auto usable = checkOptions(*request); !usable) return usable.error();
  const auto vip4 = vipOf(request->pools4, Family::V4);
  if (!vip4) return vip4.error();
  const auto vip6 = vipOf(request->pools6, Family::V6);
  if (!vip6) return vip6.error();
  if (!*vip4 && !*vip6) return invalid(fmt::format("no VIP was given: {}", core::kAllowedVips));
  const auto options = core::parseOptions(request->options);
  if (!options) return options.error();
  if (const auto mtu = core::checkMtu(*options, vip6->has_value()); !mtu) return mtu.error();
  if (*vip6 && !kernel_.supports(Family::V6)) return core::noIpv6(**vip6);
  if (const auto allowed = checkNetwork(*request); !allowed) return allowed.error();

  const bool isNew = reconciler().facts().networks.count(request->network) == 0;
  reconciler().touch(
      core::networkCreated(reconciler().facts(), request->network, *vip4, *vip6, *options));
  if (const auto settled = loop_.settle(request->network); !settled) {
    if (isNew) {
      reconciler().touch(core::networkDeleted(reconciler().facts(), request->network));
      loop_.wake();
    }
    return settled.error();
  }
  return renderEmpty();
}

PluginApi::Answer PluginApi::allocateNetwork(std::string_view body) {
  const auto request = parseAllocateNetwork(body);
  if (!request) return request.error();
  if (const auto allowed = checkNetwork(*request); !allowed) return allowed.error();
  // The returned options replace those that Swarm passes to the nodes.
  return renderOptions(request->options);
}

PluginApi::Answer PluginApi::deleteNetwork(std::string_view body) {
  const auto network = parseNetwork(body);
  if (!network) return network.error();
  // This network was never created: the bridge belongs to another network.
  if (!checkLinks(*network)) return renderEmpty();
  reconciler().touch(core::networkDeleted(reconciler().facts(), *network));
  if (const auto settled = loop_.settle(*network); !settled) return settled.error();
  return renderEmpty();
}

PluginApi::Answer PluginApi::createEndpoint(std::string_view body) {
  const auto request = parseCreateEndpoint(body);
  if (!request) return request.error();
  const auto links = checkLinks({request->network, request->endpoint});
  if (!links) return links.error();
  const auto& facts = reconciler().facts();
  const auto network = facts.networks.find(request->network);
  if (network != facts.networks.end()) {
    const auto& [vip4, vip6] = std::tie(network->second.vip4, network->second.vip6);
    const bool other4 = request->address4 && vip4 && vip4->address() != *request->address4;
    const bool other6 = request->address6 && vip6 && vip6->address() != *request->address6;
    if (other4 || other6) return invalid("the endpoint's address is not the VIP of its network");
  }
  const bool given = request->mac.has_value();
  const MacAddress mac = given ? *request->mac : macFor(request->endpoint);
  const auto hasLink = [this](const EndpointId& other) {
    return kernel_.hasVeth(core::vethHostName(other));
  };
  const auto own = core::checkMac(facts, request->network, request->endpoint, mac, hasLink);
  if (!own) return own.error();
  reconciler().touch(core::endpointCreated(reconciler().facts(), request->network,
                                           request->endpoint, request->address4, request->address6,
                                           mac));
  loop_.wake();
  // dockerd rejects a reply that repeats a field of the request, even with the same value.
  return renderInterface(given ? std::nullopt : std::optional(mac));
}

PluginApi::Answer PluginApi::deleteEndpoint(std::string_view body) {
  const auto request = parseEndpoint(body);
  if (!request) return request.error();
  // This endpoint was never created: the link belongs to another endpoint.
  if (!isKnown(request->endpoint) && !checkLinks(*request)) return renderEmpty();
  reconciler().removeEndpoint(request->endpoint);
  loop_.settle(request->network).has_error();  // a failure is retried in the background
  return renderEmpty();
}

PluginApi::Answer PluginApi::join(std::string_view body) {
  const auto request = parseEndpoint(body);
  if (!request) return request.error();
  auto& facts = reconciler().facts();
  if (!isKnown(request->endpoint)) {  // created before the controller started
    if (const auto links = checkLinks(*request); !links) return links.error();
    reconciler().touch(core::endpointCreated(facts, request->network, request->endpoint,
                                             std::nullopt, std::nullopt, std::nullopt));
  }
  reconciler().touch(core::endpointLink(facts, request->endpoint, core::LinkState::Joining));
  const auto settled = loop_.settle(request->network);
  const bool created = kernel_.hasVeth(core::vethHostName(request->endpoint));
  const auto state = created ? core::LinkState::Joined : core::LinkState::Created;
  reconciler().touch(core::endpointLink(facts, request->endpoint, state));
  loop_.wake();
  if (!settled) return settled.error();
  if (!created) return transient("the veth pair was not created");
  return renderJoin(core::vethContainerName(request->endpoint));
}

PluginApi::Answer PluginApi::leave(std::string_view body) {
  const auto request = parseEndpoint(body);
  if (!request) return request.error();
  if (!isKnown(request->endpoint) && !checkLinks(*request)) return renderEmpty();
  reconciler().touch(core::endpointLeft(reconciler().facts(), request->network, request->endpoint));
  loop_.settle(request->network).has_error();  // a failure is retried in the background
  return renderEmpty();
}

PluginApi::Answer PluginApi::requestPool(std::string_view body) {
  const auto request = parsePool(body);
  if (!request) return request.error();
  const auto pool = core::requestPool(request->pool, request->subPool, request->v6,
                                      request->options, globalScope_);
  if (!pool) return pool.error();
  if (!core::isStandIn(pool->prefix)) {
    // The call does not name the network, so only CreateNetwork can check that no other network has
    // the VIP: Swarm requests the pool of a network again.
    if (const auto allowed = checkVip(pool->prefix); !allowed) return allowed.error();
  }
  return renderPool(*pool);
}

PluginApi::Answer PluginApi::requestAddress(std::string_view body) {
  const auto request = parseAddress(body);
  if (!request) return request.error();
  const auto address = core::requestAddress(request->poolId, request->address);
  if (!address) return address.error();
  return renderAddress(*address);
}

}  // namespace bgplb::docker
