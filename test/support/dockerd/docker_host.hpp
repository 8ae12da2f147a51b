#pragma once
// What dockerd does on a host beside answering questions: it calls the plugin, moves the
// container's end of the veth pair into the container's namespace, changes its own values and sends
// the event, in the order of Docker 26.1. Every call must be answered in time; a refusal or a late
// answer throws.

#include "base/address.hpp"
#include "support/dockerd/fake_dockerd.hpp"
#include "support/dockerd/plugin_client.hpp"
#include "support/scoped_netns.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bgplb::test {

// A VIP network that a test made, and the one container on it.
struct Web {
  std::string name;
  std::string network;  // ids
  std::string endpoint;
  std::string container;
  std::string mac;
  std::vector<Prefix> vips;

  std::string inspectPath() const { return "/containers/" + container + "/json"; }
  std::string killPath() const { return "/containers/" + container + "/kill"; }
  std::string containerLink() const { return "bgc" + endpoint.substr(0, 12); }
  std::string bridge() const { return "bgplb-" + network.substr(0, 9); }
};

class DockerHost {
 public:
  // How long dockerd's user may wait for one call.
  static constexpr std::chrono::milliseconds kCallDeadline{2000};

  // `containers` is the one namespace that all containers share.
  DockerHost(FakeDockerd& dockerd, std::string pluginSocket, const Netns& containers);

  // docker network create: one VIP for each prefix, an IPv4 one first.
  Web createNetwork(const std::string& name, const std::vector<std::string>& vips);
  // docker network rm
  void removeNetwork(const Web& web);
  // docker network create --driver bridge --label bgplb_advertise=true: its id.
  std::string createGateway(const std::string& name, const std::string& subnet);
  void removeGateway(const std::string& id);

  // docker run --network: Join, the link, `connect` and `start`; the health is "starting".
  void start(const Web& web);
  // As start(), but no event tells of it: a list has to.
  void startSilently(const Web& web);
  void health(const Web& web, const std::string& health);
  void kill(const Web& web, int signal);  // the event alone: the process does not end of it
  // The process ends: Leave, DeleteEndpoint, then `die`.
  void die(const Web& web);
  // The process ends, and dockerd has not called the plugin yet: `die` alone.
  void dieFirst(const Web& web);
  void leave(const Web& web);  // Leave and DeleteEndpoint alone

  // Any call; its answer's body.
  std::string call(const std::string& name, const std::string& body);
  std::chrono::milliseconds slowestCall() const { return slowest_; }

  // For events and changes that a test puts together itself.
  EventValue containerEvent(const Web& web, const std::string& action) const;
  ContainerValue containerOf(const Web& web, const std::string& health) const;
  std::string newId(char filler);

 private:
  void join(const Web& web);

  FakeDockerd& dockerd_;
  std::string plugin_;
  const Netns& containers_;
  unsigned ids_ = 0;
  std::chrono::milliseconds slowest_{0};
};

}  // namespace bgplb::test
