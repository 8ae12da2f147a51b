#include "support/dockerd/docker_host.hpp"

#include "support/slowdown.hpp"

#include <boost/json.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace json = boost::json;

namespace bgplb::test {

namespace {

json::object ids(const Web& web) {
  return {{"NetworkID", web.network}, {"EndpointID", web.endpoint}};
}

json::array pools(const Web& web, Family family) {
  json::array list;
  for (const auto& vip : web.vips) {
    if (vip.family() != family) continue;
    const std::string text = vip.toString();
    list.push_back(json::object{{"AddressSpace", "bgplb"}, {"Pool", text}, {"Gateway", text}});
  }
  return list;
}

std::string addressOf(const Web& web, Family family) {
  for (const auto& vip : web.vips) {
    if (vip.family() == family) return vip.toString();
  }
  return "";
}

EventValue networkEvent(const std::string& action, const std::string& id, const std::string& name,
                        const std::string& driver) {
  return {"network", action, id, {{"name", name}, {"type", driver}}};
}

}  // namespace

DockerHost::DockerHost(FakeDockerd& dockerd, std::string pluginSocket, const Netns& containers,
                       std::string driver, unsigned firstId)
    : dockerd_(dockerd),
      plugin_(std::move(pluginSocket)),
      containers_(containers),
      driver_(std::move(driver)),
      ids_(firstId - 1) {}

std::string DockerHost::newId(char filler) {
  const std::string number = fmt::format("{:09x}", ++ids_);
  return number + std::string(64 - number.size(), filler);
}

std::string DockerHost::call(const std::string& name, const std::string& body) {
  const auto answer = callPlugin(plugin_, name, body, scaled(kCallDeadline));
  if (!answer) throw std::runtime_error(fmt::format("{}: no answer within 2 s", name));
  slowest_ = std::max(slowest_, answer->took);
  if (answer->status != 200) {
    throw std::runtime_error(fmt::format("{}: {} {}", name, answer->status, answer->body));
  }
  return answer->body;
}

Web DockerHost::makeWeb(const std::string& name, const std::vector<std::string>& vips) {
  Web web;
  web.name = name;
  web.network = newId('a');
  nameContainer(web);
  for (const auto& vip : vips) web.vips.push_back(Prefix::parse(vip).value());
  return web;
}

void DockerHost::addNetwork(const Web& web, const Options& options) {
  NetworkValue value{.id = web.network, .name = web.name, .driver = driver_, .options = options};
  for (const auto& vip : web.vips) value.subnets.push_back(vip.toString());
  dockerd_.change([&](auto& values) { values.networks[web.network] = value; },
                  {networkEvent("create", web.network, web.name, driver_)});
}

Web DockerHost::createNetwork(const std::string& name, const std::vector<std::string>& vips,
                              const Options& options) {
  const Web web = makeWeb(name, vips);
  json::object generic;
  for (const auto& [option, value] : options) generic[option] = value;
  call("NetworkDriver.CreateNetwork",
       json::serialize(json::object{
           {"NetworkID", web.network},
           {"Options", json::object{{"com.docker.network.generic", std::move(generic)}}},
           {"IPv4Data", pools(web, Family::V4)},
           {"IPv6Data", pools(web, Family::V6)}}));
  addNetwork(web, options);
  return web;
}

Web DockerHost::listNetwork(const std::string& name, const std::vector<std::string>& vips) {
  const Web web = makeWeb(name, vips);
  addNetwork(web);
  return web;
}

void DockerHost::nameContainer(Web& web) {
  web.endpoint = newId('e').substr(0, 9) + "000" + std::string(52, 'e');
  web.container = newId('c');
  web.mac = fmt::format("02:42:00:00:{:02x}:{:02x}", ids_ / 256, ids_ % 256);
}

Web DockerHost::another(const Web& web) {
  Web other = web;
  nameContainer(other);
  return other;
}

void DockerHost::removeNetwork(const Web& web) {
  call("NetworkDriver.DeleteNetwork", json::serialize(json::object{{"NetworkID", web.network}}));
  dockerd_.change([&](auto& values) { values.networks.erase(web.network); },
                  {networkEvent("destroy", web.network, web.name, driver_)});
}

std::string DockerHost::createGateway(const std::string& name, const std::string& subnet) {
  const NetworkValue value{.id = newId('f'),
                           .name = name,
                           .driver = "bridge",
                           .subnets = {subnet},
                           .labels = {{"bgplb_advertise", "true"}}};
  dockerd_.change([&](auto& values) { values.networks[value.id] = value; },
                  {networkEvent("create", value.id, name, "bridge")});
  return value.id;
}

void DockerHost::removeGateway(const std::string& id) {
  dockerd_.change([&](auto& values) { values.networks.erase(id); },
                  {networkEvent("destroy", id, "gateway", "bridge")});
}

void DockerHost::join(const Web& web, const Netns& inside) {
  json::object endpoint = ids(web);
  endpoint["Options"] = json::object{};
  endpoint["Interface"] = json::object{{"Address", addressOf(web, Family::V4)},
                                       {"AddressIPv6", addressOf(web, Family::V6)},
                                       {"MacAddress", web.mac}};
  call("NetworkDriver.CreateEndpoint", json::serialize(endpoint));
  json::object join = ids(web);
  join["SandboxKey"] = "/run/docker/netns/none";
  join["Options"] = json::object{};
  const auto joined = json::parse(call("NetworkDriver.Join", json::serialize(join)));
  const std::string link(joined.at("InterfaceName").at("SrcName").as_string());
  shell("ip link set " + link + " address " + web.mac + " netns " + inside.path() + " up");
}

ContainerValue DockerHost::containerOf(const Web& web, const std::string& health) const {
  ContainerValue value{.id = web.container, .name = web.name, .health = health, .running = true};
  value.networks[web.name] = {web.network, web.endpoint, web.mac};
  value.exposed = web.exposed;
  return value;
}

EventValue DockerHost::containerEvent(const Web& web, const std::string& action) const {
  return {"container", action, web.container, {{"image", "web:1"}, {"name", web.name}}};
}

void DockerHost::start(const Web& web) { start(web, containers_); }

void DockerHost::start(const Web& web, const Netns& inside) {
  join(web, inside);
  auto connect = networkEvent("connect", web.network, web.name, driver_);
  connect.attributes["container"] = web.container;
  dockerd_.change(
      [&](auto& values) { values.containers[web.container] = containerOf(web, "starting"); },
      {connect, containerEvent(web, "start")});
}

void DockerHost::startSilently(const Web& web) {
  join(web, containers_);
  dockerd_.change(
      [&](auto& values) { values.containers[web.container] = containerOf(web, "healthy"); });
}

void DockerHost::health(const Web& web, const std::string& health) {
  dockerd_.change([&](auto& values) { values.containers[web.container].health = health; },
                  {containerEvent(web, "health_status: " + health)});
}

void DockerHost::kill(const Web& web, int signal) {
  auto event = containerEvent(web, "kill");
  event.attributes["signal"] = std::to_string(signal);
  dockerd_.change([](auto&) {}, {event});
}

void DockerHost::dieFirst(const Web& web) {
  dockerd_.change([&](auto& values) { values.containers[web.container].running = false; },
                  {containerEvent(web, "die")});
}

void DockerHost::leave(const Web& web) {
  call("NetworkDriver.Leave", json::serialize(ids(web)));
  call("NetworkDriver.DeleteEndpoint", json::serialize(ids(web)));
}

void DockerHost::die(const Web& web) {
  leave(web);
  dieFirst(web);
}

}  // namespace bgplb::test
