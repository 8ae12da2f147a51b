#include "docker/engine_codec.hpp"

#include "core/vip.hpp"
#include "json/read.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace json = boost::json;

namespace bgplb::docker {

namespace {

constexpr std::chrono::seconds kLongestStop{365 * 86400};  // --stop-timeout -1: no limit
constexpr const char* kCheckTimedOut = "Health check exceeded timeout";
constexpr const char* kSwarmTaskLabel = "com.docker.swarm.task.id";
constexpr const char* kSwarmServiceLabel = "com.docker.swarm.service.id";
constexpr const char* kComposeProjectLabel = "com.docker.compose.project";
constexpr const char* kComposeServiceLabel = "com.docker.compose.service";

Result<json::value> parseValue(std::string_view text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error) return transient("the reply is not JSON: " + error.message());
  return value;
}

using Labels = std::map<std::string, std::string>;

std::string serviceOf(const std::string& name, const Labels& labels) {
  const auto label = [&labels](const char* key) {
    const auto found = labels.find(key);
    return found == labels.end() ? std::string() : found->second;
  };
  if (const auto swarm = label(kSwarmServiceLabel); !swarm.empty()) return "swarm:" + swarm;
  const auto project = label(kComposeProjectLabel);
  const auto service = label(kComposeServiceLabel);
  if (!project.empty() && !service.empty()) return fmt::format("compose:{}/{}", project, service);
  return name.empty() ? "" : "name:" + name;
}

Result<core::NetworkReport> networkOf(const json::object& object) {
  core::NetworkReport report;
  const auto id = textAt(object, "Id");
  const auto name = textAt(object, "Name");
  const auto driver = textAt(object, "Driver");
  if (!id || !name || !driver || id->empty()) return transient("a network without an Id");
  report.id = NetworkId(*id);
  report.name = *name;
  report.driver = *driver;
  if (auto labels = textsAt(object, "Labels")) report.labels = std::move(*labels);
  if (auto options = textsAt(object, "Options")) report.options = std::move(*options);
  report.clusterWide = textOr(object, "Scope") == "swarm";
  report.internal = flagOr(object, "Internal", false);
  const auto* ipam = objectAt(object, "IPAM");
  if (ipam == nullptr) return report;
  const auto add = [&report](std::string_view text) {
    const auto prefix = Prefix::parse(text);
    if (!prefix || std::count(report.subnets.begin(), report.subnets.end(), *prefix) > 0) return;
    report.subnets.push_back(*prefix);
  };
  if (const auto* config = arrayAt(*ipam, "Config")) {
    for (const auto& entry : *config) {
      if (const auto* pool = entry.if_object()) add(textOr(*pool, "Subnet"));
    }
  }
  // Swarm: a manager lists the pools that the leader allocated, and the leader allocates no IPv6
  // pool. The IPv6 VIP is in the IPAM options.
  const auto options = textsAt(*ipam, "Options");
  if (!options || !flagOr(object, "EnableIPv6", false)) return report;
  if (const auto v6 = options->find(core::kV6SubnetOption); v6 != options->end()) add(v6->second);
  return report;
}

core::Health healthOf(const json::object& state) {
  const auto* health = objectAt(state, "Health");
  const std::string status = health == nullptr ? "" : textOr(*health, "Status");
  if (status.empty() || status == "none") return core::Health::None;
  if (status == "healthy") return core::Health::Healthy;
  if (status == "unhealthy") return core::Health::Unhealthy;
  return core::Health::Starting;
}

// State.Health.Log has the last five checks. Exit code -1: the check timed out, which is a failure,
// or it could not be executed (moby, daemon/health.go).
void readChecks(const json::object& state, core::ContainerReport& report) {
  const auto* health = objectAt(state, "Health");
  const auto* checks = health == nullptr ? nullptr : arrayAt(*health, "Log");
  if (checks == nullptr || report.health != core::Health::Unhealthy) return;
  for (auto entry = checks->rbegin(); entry != checks->rend(); ++entry) {
    const auto* check = entry->if_object();
    const auto* code = check == nullptr ? nullptr : check->if_contains("ExitCode");
    if (code == nullptr || !code->is_int64()) return;
    const std::string output = textOr(*check, "Output");
    if (code->as_int64() != -1 || output.starts_with(kCheckTimedOut)) {
      if (!report.checkProblem.empty() && code->as_int64() == 0) {
        report.health = core::Health::Healthy;
      }
      return;
    }
    if (report.checkProblem.empty()) report.checkProblem = output.empty() ? "no output" : output;
  }
}

core::RunState runStateOf(const json::object& state) {
  if (flagOr(state, "Paused", false)) return core::RunState::Paused;
  const bool running = flagOr(state, "Running", false);
  const bool restarting = flagOr(state, "Restarting", false);
  return running && !restarting ? core::RunState::Running : core::RunState::Stopped;
}

Result<core::ServiceReport> serviceOf(const json::object& object) {
  const auto* spec = objectAt(object, "Spec");
  if (spec == nullptr) return transient("a service without Spec");
  core::ServiceReport report;
  report.name = textOr(*spec, "Name");
  if (const auto* endpoint = objectAt(*spec, "EndpointSpec")) {
    report.virtualIp = textOr(*endpoint, "Mode", "vip") == "vip";
  }
  // Older API versions list the networks in Spec, newer ones in Spec.TaskTemplate.
  const auto* tasks = objectAt(*spec, "TaskTemplate");
  for (const auto* holder : {tasks, spec}) {
    const auto* networks = holder == nullptr ? nullptr : arrayAt(*holder, "Networks");
    if (networks == nullptr) continue;
    for (const auto& entry : *networks) {
      const auto* network = entry.if_object();
      const std::string target = network == nullptr ? "" : textOr(*network, "Target");
      if (!target.empty()) report.networks.insert(NetworkId(target));
    }
  }
  return report;
}

std::vector<core::Attachment> attachmentsOf(const json::object& container) {
  std::vector<core::Attachment> attachments;
  const auto* settings = objectAt(container, "NetworkSettings");
  const auto* networks = settings == nullptr ? nullptr : objectAt(*settings, "Networks");
  if (networks == nullptr) return attachments;
  for (const auto& [name, entry] : *networks) {
    const auto* network = entry.if_object();
    const std::string id = network == nullptr ? "" : textOr(*network, "NetworkID");
    if (id.empty()) continue;
    core::Attachment attachment;
    attachment.network = NetworkId(id);
    attachment.endpoint = EndpointId(textOr(*network, "EndpointID"));
    if (const auto mac = MacAddress::parse(textOr(*network, "MacAddress"))) attachment.mac = *mac;
    if (const auto v4 = Address::parse(textOr(*network, "IPAddress"))) attachment.address4 = *v4;
    if (const auto v6 = Address::parse(textOr(*network, "GlobalIPv6Address"))) {
      attachment.address6 = *v6;
    }
    attachments.push_back(std::move(attachment));
  }
  return attachments;
}

// Docker enables IPv6 on an interface with an IPv6 address, except where a sysctl of the container
// forbids it.
void readSysctls(const json::object& container, core::ContainerReport& report) {
  const auto* config = objectAt(container, "HostConfig");
  if (config == nullptr) return;
  const auto sysctls = textsAt(*config, "Sysctls");
  if (!sysctls) return;
  const auto value = [&sysctls](const char* name) {
    const auto found = sysctls->find(name);
    return found == sysctls->end() ? std::string() : found->second;
  };
  report.ipv6Disabled = value("net.ipv6.conf.all.disable_ipv6") == "1";
  const auto filter = value("net.ipv4.conf.all.rp_filter");
  if (filter == "1" || filter == "2") report.reversePathFilter = filter == "1" ? 1 : 2;
}

// Names the other container by its id, or as the user wrote it.
std::string namespaceOf(const json::object& container) {
  constexpr std::string_view kContainer = "container:";
  const auto* config = objectAt(container, "HostConfig");
  const std::string mode = config == nullptr ? "" : textOr(*config, "NetworkMode");
  return mode.starts_with(kContainer) ? mode.substr(kContainer.size()) : std::string();
}

bool isAlwaysRestarted(const json::object& container) {
  const auto* config = objectAt(container, "HostConfig");
  const auto* policy = config == nullptr ? nullptr : objectAt(*config, "RestartPolicy");
  const std::string name = policy == nullptr ? "" : textOr(*policy, "Name");
  return name == "always" || name == "unless-stopped";
}

std::string withoutSlash(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

}  // namespace

Result<std::vector<core::NetworkReport>> parseNetworkList(std::string_view body) {
  const auto value = parseValue(body);
  if (!value) return value.error();
  const auto* list = value->if_array();
  if (list == nullptr) return transient("the network list is not a JSON array");
  std::vector<core::NetworkReport> reports;
  for (const auto& entry : *list) {
    const auto* object = entry.if_object();
    if (object == nullptr) continue;
    if (auto report = networkOf(*object)) reports.push_back(std::move(*report));
  }
  return reports;
}

Result<core::NetworkReport> parseNetworkInspect(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  return networkOf(*object);
}

Result<Address> parseMemberAddress6(std::string_view networkInspect, const ContainerId& member) {
  const auto object = parseObject(networkInspect);
  if (!object) return object.error();
  const auto* members = objectAt(*object, "Containers");
  const auto* entry = members == nullptr ? nullptr : objectAt(*members, member.value);
  // IPv6Address includes the prefix length.
  const std::string text = entry == nullptr ? "" : textOr(*entry, "IPv6Address");
  const auto address = Address::parse(std::string_view(text).substr(0, text.find('/')));
  if (!address)
    return notFound(fmt::format("{} has no IPv6 address on this network", member.brief()));
  return *address;
}

Result<std::vector<core::ListedContainer>> parseContainerList(std::string_view body) {
  const auto value = parseValue(body);
  if (!value) return value.error();
  const auto* list = value->if_array();
  if (list == nullptr) return transient("the container list is not a JSON array");
  std::vector<core::ListedContainer> containers;
  for (const auto& entry : *list) {
    const auto* object = entry.if_object();
    const std::string id = object == nullptr ? "" : textOr(*object, "Id");
    if (id.empty()) continue;
    core::ListedContainer container{ContainerId(id), "", attachmentsOf(*object),
                                    namespaceOf(*object)};
    const auto* names = arrayAt(*object, "Names");
    if (names != nullptr && !names->empty() && names->front().is_string()) {
      container.name = withoutSlash(std::string(names->front().as_string()));
    }
    containers.push_back(std::move(container));
  }
  return containers;
}

Result<core::ContainerReport> parseContainerInspect(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  const auto id = textAt(*object, "Id");
  const auto* state = objectAt(*object, "State");
  if (!id || id->empty() || state == nullptr) return transient("a container without Id or State");
  core::ContainerReport report;
  report.id = ContainerId(*id);
  report.name = withoutSlash(textOr(*object, "Name"));
  report.run = runStateOf(*state);
  report.health = healthOf(*state);
  readChecks(*state, report);
  report.startedAt = textOr(*state, "StartedAt");
  if (const auto* config = objectAt(*object, "Config")) {
    const int signal = parseSignal(textOr(*config, "StopSignal"));
    if (signal != 0) report.stopSignal = signal;
    const auto* timeout = config->if_contains("StopTimeout");
    if (timeout != nullptr && timeout->is_int64()) {
      const auto seconds = std::chrono::seconds(timeout->as_int64());
      const bool unlimited = seconds.count() < 0 || seconds > kLongestStop;
      report.stopTimeout = unlimited ? kLongestStop : seconds;
    }
    if (const auto* exposed = objectAt(*config, "ExposedPorts")) {
      std::vector<std::string_view> texts;
      for (const auto& entry : *exposed) texts.push_back(entry.key());
      report.ports = core::parseExposedPorts(texts);
    }
    // Swarm does not write a task's stop grace period into the container. A task that was
    // signalled to stop never runs again, so its withdrawal needs no time limit.
    const auto labels = textsAt(*config, "Labels");
    if (labels && labels->count(kSwarmTaskLabel) > 0) report.stopTimeout = kLongestStop;
    report.service = serviceOf(report.name, labels ? *labels : Labels{});
  }
  readSysctls(*object, report);
  report.namespaceOf = namespaceOf(*object);
  report.server = report.health != core::Health::None || isAlwaysRestarted(*object);
  report.attachments = attachmentsOf(*object);
  return report;
}

Result<std::vector<core::ServiceReport>> parseServiceList(std::string_view body) {
  const auto value = parseValue(body);
  if (!value) return value.error();
  const auto* list = value->if_array();
  if (list == nullptr) return transient("the service list is not a JSON array");
  std::vector<core::ServiceReport> reports;
  for (const auto& entry : *list) {
    const auto* object = entry.if_object();
    if (object == nullptr) continue;
    if (auto report = serviceOf(*object)) reports.push_back(std::move(*report));
  }
  return reports;
}

Result<std::string> parsePluginName(std::string_view body) {
  const auto object = parseObject(body);
  if (!object) return object.error();
  auto name = textAt(*object, "Name");
  if (!name) return name.error();
  if (name->empty()) return notFound("the plugin has no name");
  return std::move(*name);
}

}  // namespace bgplb::docker
