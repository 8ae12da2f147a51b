#pragma once
// The bodies of dockerd's plugin calls (libnetwork drivers/remote/api and ipams/remote/api), as
// values. Pure.

#include "base/address.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/network_options.hpp"
#include "core/vip.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bgplb::docker {

struct CreateNetworkRequest {
  NetworkId network;
  core::OptionTexts options;  // docker network create -o
  std::vector<Prefix> pools4;
  std::vector<Prefix> pools6;
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

// Each refuses an empty body: dockerd's retry of a call whose first attempt broke arrives with none.
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
// Both keys: the network driver's client reads Err, the IPAM driver's Error.
std::string renderError(const std::string& message);

}  // namespace bgplb::docker
