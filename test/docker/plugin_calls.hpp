#pragma once
// The plugin API on fakes, with short functions for the calls in its tests.

#include "fakes/fake_plugin.hpp"
#include "support/build.hpp"

#include <fmt/format.h>

#include <string>

namespace bgplb::test {

struct Plugin : FakePlugin {
  docker::PluginAnswer call(const std::string& path, const std::string& body) {
    const auto answer = api.call(path, body);
    runLoop();
    return answer;
  }
  docker::PluginAnswer createNetwork(const NetworkId& id, const std::string& pool4,
                                     const std::string& pool6 = "",
                                     const std::string& options = "") {
    return call(
        "/NetworkDriver.CreateNetwork",
        fmt::format(R"({{"NetworkID":"{}","Options":{{"com.docker.network.generic":{{{}}}}},)"
                    R"("IPv4Data":[{{"AddressSpace":"bgplb","Pool":"{}"}}],"IPv6Data":[{}]}})",
                    id.value, options, pool4,
                    pool6.empty() ? "" : fmt::format(R"({{"Pool":"{}"}})", pool6)));
  }
  docker::PluginAnswer endpointCall(const std::string& call_, const EndpointId& endpoint) {
    return call("/NetworkDriver." + call_, fmt::format(R"({{"NetworkID":"{}","EndpointID":"{}"}})",
                                                       kWeb1.value, endpoint.value));
  }
  docker::PluginAnswer createEndpoint(const EndpointId& endpoint, const std::string& address) {
    return call("/NetworkDriver.CreateEndpoint",
                fmt::format(R"({{"NetworkID":"{}","EndpointID":"{}","Interface":{{"Address":"{}",)"
                            R"("AddressIPv6":"","MacAddress":"02:42:0a:00:00:65"}}}})",
                            kWeb1.value, endpoint.value, address));
  }
};

}  // namespace bgplb::test
