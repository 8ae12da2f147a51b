#include "docker/question.hpp"

#include "base/overloaded.hpp"

#include <fmt/format.h>

namespace bgplb::docker {

namespace {

// {"status":["running","paused","restarting"]}
constexpr const char* kRunningContainers =
    "/containers/json?filters="
    "%7B%22status%22%3A%5B%22running%22%2C%22paused%22%2C%22restarting%22%5D%7D";

template <typename T>
Result<Answer> asAnswer(Result<T> parsed) {
  if (!parsed) return parsed.error();
  return Answer(std::move(*parsed));
}

}  // namespace

std::string pathOf(const Question& question) {
  return std::visit(
      Overloaded{
          [](const InspectPlugin& q) { return fmt::format("/plugins/{}/json", q.id); },
          [](const ListNetworks&) { return std::string("/networks"); },
          [](const ListContainers&) { return std::string(kRunningContainers); },
          [](const ListServices&) { return std::string("/services"); },
          [](const InspectContainer& q) { return fmt::format("/containers/{}/json", q.id.value); },
          [](const InspectNetwork& q) { return fmt::format("/networks/{}", q.id.value); },
          [](const FindMember& q) { return fmt::format("/networks/{}", q.network.value); }},
      question);
}

Result<Answer> parseAnswer(const Question& question, std::string_view body) {
  return std::visit(
      Overloaded{
          [&](const InspectPlugin&) { return asAnswer(parsePluginName(body)); },
          [&](const ListNetworks&) { return asAnswer(parseNetworkList(body)); },
          [&](const ListContainers&) { return asAnswer(parseContainerList(body)); },
          [&](const ListServices&) { return asAnswer(parseServiceList(body)); },
          [&](const InspectContainer&) { return asAnswer(parseContainerInspect(body)); },
          [&](const InspectNetwork&) { return asAnswer(parseNetworkInspect(body)); },
          [&](const FindMember& q) { return asAnswer(parseMemberAddress6(body, q.member)); }},
      question);
}

}  // namespace bgplb::docker
