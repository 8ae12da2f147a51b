#pragma once
// An EngineDialogue and the reconciler that it feeds. The test plays the role of dockerd.

#include "docker/engine_dialogue.hpp"
#include "fakes/fake_world.hpp"
#include "reconcile/reconciler.hpp"
#include "support/build.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bgplb::test {

struct DialogueHost {
  FakeKernel kernel;
  FakeRouting routing;
  FakeFirewall firewall;
  FakeEngine engine;
  FakeStore store;
  core::Policy policy{.flap = {},
                      .drainGrace = std::chrono::seconds(1),
                      .drainDelay = std::chrono::seconds(5),
                      .drainOnSigusr2 = true};
  reconcile::Reconciler reconciler{kernel, kernel, routing, firewall, engine, store, policy};
  docker::EngineDialogue dialogue{reconciler.facts(), reconciler.policy(), {.driverName = "bgplb"}};
  core::TimePoint now = core::TimePoint{} + std::chrono::hours(100);
  std::map<std::uint64_t, docker::Question> open;  // calls that dockerd has not answered
  std::vector<std::string> log;
  bool listed = false;  // the last reaction applied full lists

  core::Facts& facts() { return reconciler.facts(); }

  void apply(docker::Reaction reaction) {
    for (auto& call : reaction.calls) open.emplace(call.number, std::move(call.question));
    for (const auto& line : reaction.log) log.push_back(line.text);
    reconciler.touch(reaction.touched);
    if (reaction.listed) reconciler.touchAll(now);
    if (reaction.bridges) reconciler.touchBridges();
    listed = reaction.listed;
    while (reconciler.step(now) == core::TimePoint::min()) {
    }
  }
  void connect() { apply(dialogue.streamConnected(now)); }
  void lose() { apply(dialogue.streamLost(unavailable("gone"), now)); }

  // Advances the time from one deadline of the dialogue to the next.
  void pass(std::chrono::milliseconds time) {
    const auto end = now + time;
    for (auto due = dialogue.due(); due && *due <= end; due = dialogue.due()) {
      now = std::max(now, *due);
      apply(dialogue.timePassed(now));
    }
    now = end;
    while (reconciler.step(now) == core::TimePoint::min()) {
    }
  }

  void event(const char* type, const char* action, const std::string& id,
             std::map<std::string, std::string> attributes = {}) {
    apply(dialogue.event({type, action, id, std::move(attributes)}, now));
  }
  void container(const char* action, const ContainerId& id) {
    event("container", action, id.value);
  }
  void kill(const ContainerId& id, int signal) {
    event("container", "kill", id.value, {{"signal", std::to_string(signal)}});
  }
  void attachment(const char* action, const NetworkId& network, const ContainerId& id) {
    event("network", action, network.value, {{"container", id.value}, {"type", "bgplb"}});
  }

  std::size_t count(const docker::Question& question) const {
    return static_cast<std::size_t>(std::count_if(
        open.begin(), open.end(), [&](const auto& entry) { return entry.second == question; }));
  }
  bool asks(const docker::Question& question) const { return count(question) > 0; }
  // The latest call with this query; earlier ones belong to abandoned rounds.
  void answer(const docker::Question& question, const Result<docker::Answer>& answer) {
    const auto found = std::find_if(open.rbegin(), open.rend(),
                                    [&](const auto& entry) { return entry.second == question; });
    if (found == open.rend())
      throw std::logic_error("nobody asked for " + docker::pathOf(question));
    const auto number = found->first;
    open.erase(number);
    apply(dialogue.answered(number, answer, now));
  }
  void fail(const docker::Question& question) { answer(question, transient("made to fail")); }
  void inspect(const core::ContainerReport& report) {
    answer(docker::InspectContainer{report.id}, docker::Answer(report));
  }
  void listNetworks(std::vector<core::NetworkReport> networks) {
    answer(docker::ListNetworks{}, docker::Answer(std::move(networks)));
  }
  void listContainers(const std::vector<core::ContainerReport>& running) {
    std::vector<core::ListedContainer> all;
    for (const auto& report : running) all.push_back(test::listed(report));
    answer(docker::ListContainers{}, docker::Answer(std::move(all)));
  }
  bool logged(const std::string& part) const {
    return std::any_of(log.begin(), log.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  }
};

inline core::NetworkReport vipNetwork(const NetworkId& id, const char* vip) {
  core::NetworkReport report{.id = id, .name = "web", .driver = "bgplb:latest"};
  report.subnets = {net(vip)};
  return report;
}

inline const core::NetworkReport kWeb1Report = vipNetwork(kWeb1, "10.0.0.101/32");
inline const core::NetworkReport kWeb2Report = vipNetwork(kWeb2, "10.0.0.102/32");

// A connected dialogue with lists that contain no container.
struct ConnectedHost : DialogueHost {
  ConnectedHost() {
    connect();
    listNetworks({kWeb1Report, kWeb2Report});
    listContainers({});
  }
};

}  // namespace bgplb::test
