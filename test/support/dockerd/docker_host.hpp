#pragma once
// dockerd's actions on a host: it calls the plugin, moves the container's end of the veth pair into
// the container's namespace, changes its values and sends the event, in the order of Docker 26.1.
// Throws if the plugin refuses a call or answers late.

#include "base/address.hpp"
#include "support/dockerd/fake_dockerd.hpp"
#include "support/dockerd/plugin_client.hpp"
#include "support/scoped_netns.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace bgplb::test {

// A VIP network of a test, and the one container on it.
struct Web {
  std::string name;
  std::string network;  // ids
  std::string endpoint;
  std::string container;
  std::string mac;
  std::vector<Prefix> vips;
  std::vector<std::string> exposed;  // ports, such as "80/tcp"

  std::string inspectPath() const { return "/containers/" + container + "/json"; }
  std::string killPath() const { return "/containers/" + container + "/kill"; }
  std::string containerLink() const { return "bgc" + endpoint.substr(0, 12); }
  std::string bridge() const { return "bgplb-" + network.substr(0, 9); }
};

class DockerHost {
 public:
  // The longest time that a plugin call may take.
  static constexpr std::chrono::milliseconds kCallDeadline{2000};

  // All containers share the namespace `containers`. A second plugin of the same dockerd has a
  // DockerHost with another `driver` and `firstId`.
  DockerHost(FakeDockerd& dockerd, std::string pluginSocket, const Netns& containers,
             std::string driver = kDriver, unsigned firstId = 1);

  using Options = std::map<std::string, std::string>;  // docker network create -o

  // docker network create, with one VIP for each prefix; IPv4 first.
  Web createNetwork(const std::string& name, const std::vector<std::string>& vips,
                    const Options& options = {});
  // As createNetwork(), but the plugin receives no call: it must find the network in a list.
  Web listNetwork(const std::string& name, const std::vector<std::string>& vips);
  // A second container on the network of `web`.
  Web another(const Web& web);
  // docker network rm
  void removeNetwork(const Web& web);
  // docker network create --driver bridge --label bgplb_advertise=true. Returns the id.
  std::string createGateway(const std::string& name, const std::string& subnet);
  void removeGateway(const std::string& id);

  // docker run --network: CreateEndpoint, Join, the veth pair, `connect`, `start`. Health:
  // starting.
  void start(const Web& web);
  // The same in a namespace of the container's own.
  void start(const Web& web, const Netns& inside);
  // Starts a healthy container without an event: the controller must find it in a list.
  void startSilently(const Web& web);
  void health(const Web& web, const std::string& health);
  void kill(const Web& web, int signal);  // the event only; the container keeps running
  // The process ends: Leave, DeleteEndpoint, then `die`.
  void die(const Web& web);
  // The process ends: `die` only. Docker 20.10 sends it before Leave.
  void dieFirst(const Web& web);
  void leave(const Web& web);  // Leave and DeleteEndpoint only

  // Any plugin call. Returns the body of the answer.
  std::string call(const std::string& name, const std::string& body);
  std::chrono::milliseconds slowestCall() const { return slowest_; }

  // Building blocks for a test's own events and changes.
  EventValue containerEvent(const Web& web, const std::string& action) const;
  ContainerValue containerOf(const Web& web, const std::string& health) const;
  std::string newId(char filler);

 private:
  Web makeWeb(const std::string& name, const std::vector<std::string>& vips);
  void addNetwork(const Web& web, const Options& options = {});
  void nameContainer(Web& web);
  void join(const Web& web, const Netns& inside);

  FakeDockerd& dockerd_;
  std::string plugin_;
  const Netns& containers_;
  std::string driver_;
  unsigned ids_;  // used last
  std::chrono::milliseconds slowest_{0};
};

}  // namespace bgplb::test
