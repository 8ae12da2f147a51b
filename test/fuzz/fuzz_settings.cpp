// The settings, one NAME=VALUE per line. Accepted settings must give a configuration that can be
// rendered. Every reported problem must be printable, and must not contain the password.

#include "bird/render.hpp"
#include "core/local_daemon.hpp"
#include "io/file.hpp"
#include "peering.hpp"
#include "settings/environment.hpp"

#include "fakes/fake_world.hpp"
#include "fuzz/fuzz.hpp"
#include "support/build.hpp"

#include <algorithm>

using namespace bgplb;

namespace {

using Values = std::map<std::string, std::string>;

const std::string& birdTemplate() {
  static const std::string text =
      io::readFile(PROJECT_SOURCE_DIR "/bird-templates/bird.conf.mustache").value();
  return text;
}

settings::Outcome parse(const Values& values) {
  return settings::readEnvironment([&values](const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  });
}

void checkProblems(const std::vector<std::string>& problems, Values values) {
  for (const auto& problem : problems) {
    ALWAYS(std::none_of(problem.begin(), problem.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  }
  // The problems do not depend on the password, so they cannot contain it: another invalid password
  // gives the same texts.
  const std::string password = values["PEER_PASSWORD"];
  if (password.empty() || password == "-") return;  // none
  values["PEER_PASSWORD"] = std::string(81, 'x');
  const auto others = parse(values).problems;
  for (const auto& problem : problems) {
    ALWAYS(std::find(others.begin(), others.end(), problem) != others.end());
  }
}

void checkSettings(const settings::Settings& settings) {
  ALWAYS(settings.routerId.isV4() && core::isSessionAddress(settings.routerId));
  ALWAYS(!settings.peers.empty());
  for (const auto& peer : settings.peers) ALWAYS(core::isPeerAddress(peer.address));
  ALWAYS(settings.drainGrace.count() >= 0 && settings.drainGrace <= std::chrono::hours(1));
  ALWAYS(settings.drainDelay.count() >= 0 && settings.drainDelay <= std::chrono::hours(1));

  // A host that has all addresses and routes of these settings.
  test::FakeKernel kernel;
  kernel.own.push_back({Prefix::of(settings.routerId, 24), settings.routerId, 2, true});
  kernel.own.push_back({test::net("2001:db8:0:8::/64"), test::ip("2001:db8:0:8::40"), 2, true});
  if (settings.routerId6) {
    kernel.own.push_back({Prefix::host(*settings.routerId6), *settings.routerId6, 3, true});
  }
  for (const auto& peer : settings.peers) kernel.ways[peer.address] = {2, "eth0", {}, {}};
  const auto config = routingConfig(settings, peersFor(settings, kernel, {}).peers);
  const auto rendered = bird::renderMain(birdTemplate(), config);
  ALWAYS(rendered);
  for (const auto& peer : settings.peers) {
    ALWAYS(rendered->find(peer.address.toString()) != std::string::npos);
    ALWAYS(rendered->find(peer.password.reveal()) != std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Values values;
  for (const auto line : fuzz::linesOf(fuzz::textOf(data, size))) {
    const auto sign = line.find('=');
    if (sign == std::string_view::npos) continue;
    values[std::string(line.substr(0, sign))] = line.substr(sign + 1);
  }
  const auto outcome = parse(values);
  checkProblems(outcome.problems, values);
  if (outcome.problems.empty()) checkSettings(outcome.settings);
  return 0;
}
