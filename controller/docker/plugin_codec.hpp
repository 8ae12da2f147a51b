#pragma once
// Decodes the requests and encodes the replies of dockerd's plugin calls (libnetwork
// drivers/remote/api and ipams/remote/api). Used by PluginApi. Pure.

#include "base/address.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/network_options.hpp"
#include "core/vip.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bgplb::docker {

struct CreateNetworkRequest {
  NetworkId network;
  core::OptionTexts options;  // docker network create -o
  std::vector<Prefix> pools4;
  std::vector<Prefix> pools6;
  // Of the IPAM drivers that chose the pools. Swarm's AllocateNetwork has empty ones.
  std::set<std::string> addressSpaces;
  bool internal = false;            // --internal
  bool auxiliaryAddresses = false;  // --aux-address
};

struct EndpointRequest {  // DeleteEndpoint, Join, Leave, EndpointOperInfo
  NetworkId network;
  EndpointId endpoint;
};

struct CreateEndpointRequest {
  NetworkId network;
  EndpointId endpoint;
  std::optional<Address> address4;
  std::optional<Address> address6;
  std::optional<MacAddress> mac;
};

struct PoolRequest {
  std::string pool;
  std::string subPool;
  std::map<std::string, std::string> options;
  bool v6 = false;
};

struct AddressRequest {
  std::string poolId;
  std::string address;
};

// Each parser rejects an empty body: when an attempt of a call fails, dockerd sends its retry
// without the body.
Result<CreateNetworkRequest> parseCreateNetwork(std::string_view body);
Result<CreateNetworkRequest> parseAllocateNetwork(std::string_view body);
Result<NetworkId> parseNetwork(std::string_view body);
Result<EndpointRequest> parseEndpoint(std::string_view body);
Result<CreateEndpointRequest> parseCreateEndpoint(std::string_view body);
Result<PoolRequest> parsePool(std::string_view body);
Result<AddressRequest> parseAddress(std::string_view body);

std::string renderEmpty();
std::string renderActivate();
std::string renderNetworkCapabilities(bool globalScope);
std::string renderIpamCapabilities();
std::string renderAddressSpaces();
std::string renderGwAllocCheck();
std::string renderOptions(const std::map<std::string, std::string>& options);
std::string renderInterface(const std::optional<MacAddress>& mac);
std::string renderJoin(const std::string& containerEnd);
std::string renderOperInfo();
std::string renderPool(const core::Pool& pool);
std::string renderAddress(const Prefix& address);
// Sets two keys: libnetwork's network driver client reads Err, its IPAM driver client reads Error.
std::string renderError(const std::string& message);

}  // namespace bgplb::docker
