#include "docker/plugin_codec.hpp"

#include "base/printable.hpp"
#include "json/read.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace json = boost::json;

namespace bgplb::docker {

namespace {

constexpr const char* kGenericOptions = "com.docker.network.generic";
constexpr const char* kInternalOption = "com.docker.network.internal";
constexpr const char* kGatewayKey = "com.docker.network.gateway";

// Link names contain the beginning of an ID. An ID must therefore consist of letters and digits,
// and be long enough to keep link names unique. The ID of a Swarm network has 25 base-36 digits,
// every other ID 64 hex digits.
template <typename SomeId>
Result<SomeId> idAt(const json::object& object, std::string_view key) {
  auto text = textAt(object, key);
  if (!text) return text.error();
  const bool plain = std::all_of(text->begin(), text->end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  if (!plain || text->size() < 12 || text->size() > 128) {
    return invalid(fmt::format("{} is missing or not an id", key));
  }
  return SomeId(std::move(*text));
}

// Also adds what `request` says about all pools.
Result<std::vector<Prefix>> poolsAt(const json::object& object, std::string_view key,
                                    CreateNetworkRequest& request) {
  std::vector<Prefix> pools;
  const auto* list = arrayAt(object, key);
  if (list == nullptr) return pools;
  for (const auto& entry : *list) {
    const auto* data = entry.if_object();
    if (data == nullptr) return invalid(fmt::format("{} is not a list of objects", key));
    const auto pool = textAt(*data, "Pool");
    if (!pool) return pool.error();
    auto space = textAt(*data, "AddressSpace");
    if (!space) return space.error();
    request.addressSpaces.insert(std::move(*space));
    const auto* auxiliary = objectAt(*data, "AuxAddresses");
    if (auxiliary != nullptr && !auxiliary->empty()) request.auxiliaryAddresses = true;
    if (pool->empty()) continue;
    const auto prefix = Prefix::parse(*pool);
    if (!prefix) return prefix.error();
    pools.push_back(*prefix);
  }
  return pools;
}

Result<CreateNetworkRequest> networkOf(const json::object& object) {
  CreateNetworkRequest request;
  auto id = idAt<NetworkId>(object, "NetworkID");
  if (!id) return id.error();
  auto pools4 = poolsAt(object, "IPv4Data", request);
  if (!pools4) return pools4.error();
  auto pools6 = poolsAt(object, "IPv6Data", request);
  if (!pools6) return pools6.error();
  request.network = std::move(*id);
  request.pools4 = std::move(*pools4);
  request.pools6 = std::move(*pools6);
  return request;
}

// The names of an endpoint's links contain the beginning of its ID. A leftover link is recognised
// as ours only if that part is hex.
Result<EndpointId> endpointAt(const json::object& object) {
  auto endpoint = idAt<EndpointId>(object, "EndpointID");
  if (endpoint && endpoint->value.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return invalid("EndpointID is not hex");
  }
  return endpoint;
}

Result<EndpointRequest> idsOf(const json::object& object) {
  auto network = idAt<NetworkId>(object, "NetworkID");
  if (!network) return network.error();
  auto endpoint = endpointAt(object);
  if (!endpoint) return endpoint.error();
  return EndpointRequest{std::move(*network), std::move(*endpoint)};
}

// "10.0.0.101/32" or an empty string.
Result<std::optional<Address>> addressAt(const json::object& object, std::string_view key,
                                         Family family) {
  const auto text = textAt(object, key);
  if (!text) return text.error();
  if (text->empty()) return std::optional<Address>();
  const auto prefix = Prefix::parse(*text);
  if (!prefix) return prefix.error().within(std::string(key));
  if (prefix->family() != family) {
    return invalid(fmt::format("{}: {} is of the wrong family", key, prefix->toString()));
  }
  return std::optional<Address>(prefix->address());
}

std::string text(const json::object& object) { return json::serialize(object); }

}  // namespace

Result<CreateNetworkRequest> parseCreateNetwork(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  auto request = networkOf(*object);
  const auto* options = objectAt(*object, "Options");
  if (!request || options == nullptr) return request;
  const auto internal = flagAt(*options, kInternalOption);
  if (!internal) return internal.error();
  request->internal = *internal;
  auto generic = textsAt(*options, kGenericOptions);
  if (!generic) return generic.error();
  request->options = std::move(*generic);
  return request;
}

Result<CreateNetworkRequest> parseAllocateNetwork(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  auto request = networkOf(*object);
  if (!request) return request;
  auto options = textsAt(*object, "Options");
  if (!options) return options.error();
  request->options = std::move(*options);
  return request;
}

Result<NetworkId> parseNetwork(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  return idAt<NetworkId>(*object, "NetworkID");
}

Result<EndpointRequest> parseEndpoint(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  return idsOf(*object);
}

Result<CreateEndpointRequest> parseCreateEndpoint(std::string_view body) {
  // Parse the body only once: the exposed ports of an image can make it several MB long.
  const auto object = parseObject(body);
  if (!object) return object.error();
  auto ids = idsOf(*object);
  if (!ids) return ids.error();
  CreateEndpointRequest request{.network = std::move(ids->network),
                                .endpoint = std::move(ids->endpoint)};
  const auto* interface = objectAt(*object, "Interface");
  if (interface == nullptr) return request;
  const auto address4 = addressAt(*interface, "Address", Family::V4);
  if (!address4) return address4.error();
  const auto address6 = addressAt(*interface, "AddressIPv6", Family::V6);
  if (!address6) return address6.error();
  const auto mac = textAt(*interface, "MacAddress");
  if (!mac) return mac.error();
  request.address4 = *address4;
  request.address6 = *address6;
  if (!mac->empty()) {
    const auto parsed = MacAddress::parse(*mac);
    if (!parsed) return parsed.error();
    request.mac = *parsed;
  }
  return request;
}

Result<PoolRequest> parsePool(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  auto pool = textAt(*object, "Pool");
  if (!pool) return pool.error();
  auto subPool = textAt(*object, "SubPool");
  if (!subPool) return subPool.error();
  auto options = textsAt(*object, "Options");
  if (!options) return options.error();
  const auto v6 = flagAt(*object, "V6");
  if (!v6) return v6.error();
  return PoolRequest{std::move(*pool), std::move(*subPool), std::move(*options), *v6};
}

Result<AddressRequest> parseAddress(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  auto poolId = textAt(*object, "PoolID");
  if (!poolId) return poolId.error();
  auto address = textAt(*object, "Address");
  if (!address) return address.error();
  return AddressRequest{std::move(*poolId), std::move(*address)};
}

std::string renderEmpty() { return "{}"; }

std::string renderActivate() {
  return text({{"Implements", json::array{"NetworkDriver", "IpamDriver"}}});
}

std::string renderNetworkCapabilities(bool globalScope) {
  const char* scope = globalScope ? "global" : "local";
  return text({{"Scope", scope}, {"ConnectivityScope", scope}, {"GwAllocChecker", true}});
}

std::string renderIpamCapabilities() {
  return text({{"RequiresMACAddress", true}, {"RequiresRequestReplay", false}});
}

std::string renderAddressSpaces() {
  return text({{"LocalDefaultAddressSpace", core::kAddressSpace},
               {"GlobalDefaultAddressSpace", core::kAddressSpace}});
}

std::string renderGwAllocCheck() { return text({{"SkipIPv4", true}, {"SkipIPv6", true}}); }

std::string renderOptions(const std::map<std::string, std::string>& options) {
  json::object map;
  for (const auto& [key, value] : options) map[key] = value;
  return text({{"Options", std::move(map)}});
}

std::string renderInterface(const std::optional<MacAddress>& mac) {
  json::object interface;
  if (mac) interface["MacAddress"] = mac->toString();
  return text({{"Interface", std::move(interface)}});
}

std::string renderJoin(const std::string& containerEnd) {
  // Use a prefix other than "eth". Otherwise the numbers of the container's other interfaces would
  // depend on the order of the Join calls, which is random. The reply sets no gateway and does not
  // set DisableGatewayService: a container without any other network replies through
  // docker_gwbridge.
  json::object name{{"SrcName", containerEnd}, {"DstPrefix", "vip"}};
  return text({{"InterfaceName", std::move(name)}});
}

std::string renderOperInfo() { return text({{"Value", json::object{}}}); }

std::string renderPool(const core::Pool& pool) {
  const std::string prefix = pool.prefix.toString();
  // Return the VIP as the gateway address, so that dockerd does not request another address for it.
  json::object data{{kGatewayKey, prefix}};
  return text({{"PoolID", pool.id}, {"Pool", prefix}, {"Data", std::move(data)}});
}

std::string renderAddress(const Prefix& address) {
  return text({{"Address", address.toString()}, {"Data", json::object{}}});
}

std::string renderError(const std::string& message) {
  // The docker CLI of another user prints the message without escaping it.
  std::string ascii = printable(message);
  std::replace_if(
      ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7f; }, '?');
  return text({{"Err", ascii}, {"Error", ascii}});
}

}  // namespace bgplb::docker
