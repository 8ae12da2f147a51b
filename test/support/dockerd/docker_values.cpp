#include "support/dockerd/docker_values.hpp"

#include <boost/json.hpp>

namespace json = boost::json;

namespace bgplb::test {

namespace {

json::object texts(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

json::object settings(const ContainerValue& container) {
  json::object networks;
  for (const auto& [name, attachment] : container.networks) {
    networks[name] = json::object{{"NetworkID", attachment.network},
                                  {"EndpointID", container.running ? attachment.endpoint : ""},
                                  {"MacAddress", container.running ? attachment.mac : ""}};
  }
  return {{"Networks", std::move(networks)}};
}

json::object hostConfig(const ContainerValue& container) {
  return {{"NetworkMode", container.networkMode}};
}

json::object state(const ContainerValue& container) {
  json::object object{{"Status", container.running ? "running" : "exited"},
                      {"Running", container.running},
                      {"Paused", false},
                      {"Restarting", false},
                      {"StartedAt", container.startedAt}};
  if (!container.health.empty()) object["Health"] = json::object{{"Status", container.health}};
  return object;
}

}  // namespace

std::string listed(const NetworkValue& network) {
  json::array pools;
  for (const auto& subnet : network.subnets) pools.push_back(json::object{{"Subnet", subnet}});
  const bool bridge = network.driver == "bridge";
  json::object ipam{{"Driver", bridge ? "default" : network.driver},
                    {"Options", json::object{}},
                    {"Config", std::move(pools)}};
  return json::serialize(json::object{{"Name", network.name},
                                      {"Id", network.id},
                                      {"Scope", "local"},
                                      {"Driver", network.driver},
                                      {"IPAM", std::move(ipam)},
                                      {"Options", texts(network.options)},
                                      {"Labels", texts(network.labels)}});
}

std::string listed(const ContainerValue& container) {
  return json::serialize(json::object{{"Id", container.id},
                                      {"HostConfig", hostConfig(container)},
                                      {"Names", json::array{"/" + container.name}},
                                      {"State", container.running ? "running" : "exited"},
                                      {"NetworkSettings", settings(container)}});
}

std::string inspected(const ContainerValue& container) {
  json::object config{{"Image", "web:1"}, {"StopSignal", "SIGTERM"}, {"StopTimeout", 10}};
  json::object exposed;
  for (const auto& port : container.exposed) exposed[port] = json::object{};
  if (!exposed.empty()) config["ExposedPorts"] = std::move(exposed);
  return json::serialize(json::object{{"Id", container.id},
                                      {"Name", "/" + container.name},
                                      {"State", state(container)},
                                      {"Config", std::move(config)},
                                      {"HostConfig", hostConfig(container)},
                                      {"NetworkSettings", settings(container)}});
}

std::string eventLine(const EventValue& event, std::int64_t time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return json::serialize(json::object{
      {"Type", event.type},
      {"Action", event.action},
      {"Actor", json::object{{"ID", event.id}, {"Attributes", texts(event.attributes)}}},
      {"scope", "local"},
      {"time", time / kSecond},
      {"timeNano", time}});
}

}  // namespace bgplb::test
