#pragma once
// GET /status of a controller, as `bgplb status` requests it.

#include "cli/client.hpp"
#include "operator/status.hpp"
#include "support/dockerd/controller_process.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace bgplb::test {

// Empty if the controller does not answer.
inline ops::StatusPage statusOf(const ControllerProcess& controller) {
  const auto body = cli::get(controller.pluginSocket(), "/status", std::chrono::seconds(5));
  if (!body) return {};
  auto page = ops::parseStatusPage(*body);
  return page ? std::move(*page) : ops::StatusPage{};
}

inline bool hasNote(const ops::StatusPage& page, const std::string& part) {
  return std::any_of(page.notes.begin(), page.notes.end(), [&part](const std::string& note) {
    return note.find(part) != std::string::npos;
  });
}

}  // namespace bgplb::test
