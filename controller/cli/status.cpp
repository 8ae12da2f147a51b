#include "cli/status.hpp"

#include "cli/client.hpp"
#include "json/read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace json = boost::json;

namespace bgplb::cli {

namespace {

using Row = std::vector<std::string>;

// Columns as wide as their longest cell.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("{:<{}}", row[i], i + 1 < row.size() ? widths[i] + 2 : 0);
    }
    text += line + "\n";
  }
  return text;
}

template <typename Use>
void each(const json::object& object, std::string_view key, Use use) {
  const auto* list = arrayAt(object, key);
  if (list == nullptr) return;
  for (const auto& entry : *list) {
    if (const auto* item = entry.if_object()) use(*item);
  }
}

// "held-down (8 s more)"
std::string stateOf(const json::object& backend) {
  std::string state = textOr(backend, "state");
  const auto* left = backend.if_contains("secondsLeft");
  if ((state == "held-down" || state == "rising") && left != nullptr && left->is_double()) {
    state += fmt::format(" ({:.0f} s more)", std::ceil(left->as_double()));
  }
  return state;
}

std::string joined(const json::object& object, std::string_view key) {
  std::string text;
  const auto* list = arrayAt(object, key);
  if (list == nullptr) return "-";
  for (const auto& entry : *list) {
    if (!entry.is_string()) continue;
    text += (text.empty() ? "" : ",") + std::string(entry.as_string());
  }
  return text.empty() ? "-" : text;
}

std::string yesNo(const json::object& object, std::string_view key) {
  return flagOr(object, key, false) ? "yes" : "no";
}

std::string problems(const json::object& page) {
  std::string text;
  const auto add = [&text](std::string_view what, const json::object* part) {
    const std::string problem = part == nullptr ? "" : textOr(*part, "problem");
    if (!problem.empty()) text += fmt::format("problem: {}: {}\n", what, problem);
  };
  add("bird", objectAt(page, "bird"));
  add("firewall", objectAt(page, "firewall"));
  each(page, "vips", [&](const json::object& vip) { add(textOr(vip, "network"), &vip); });
  if (const auto* notes = arrayAt(page, "notes")) {
    for (const auto& note : *notes) {
      if (note.is_string()) text += fmt::format("note: {}\n", std::string(note.as_string()));
    }
  }
  const auto* bird = objectAt(page, "bird");
  if (bird != nullptr && flagOr(*bird, "recovering", false)) {
    text += "note: bird waits for its peers' routes after a restart (RFC 4724)\n";
  }
  return text;
}

}  // namespace

Result<std::string> renderStatus(const std::string& text) {
  const auto page = parseObject(text);
  if (!page) return page.error();
  std::string out;
  const auto* bird = objectAt(*page, "bird");
  const auto* engine = objectAt(*page, "engine");
  out += fmt::format("bgplb {}  bird {}  docker {}\n", textOr(*page, "version"),
                     bird == nullptr ? "-" : textOr(*bird, "version", "not running"),
                     engine != nullptr && flagOr(*engine, "following", false) ? "followed"
                                                                              : "not answering");
  out += problems(*page);

  std::vector<Row> peers{{"PEER", "AS", "STATE", "SINCE", "EXPORTED"}};
  each(*page, "peers", [&](const json::object& peer) {
    const auto* exported = arrayAt(peer, "exported");
    const auto* as = peer.if_contains("as");
    std::string state = textOr(peer, "state");
    const std::string error = textOr(peer, "lastError");
    if (state != "Established" && !error.empty()) state += fmt::format(" ({})", error);
    peers.push_back({textOr(peer, "address"), as == nullptr ? "-" : json::serialize(*as), state,
                     textOr(peer, "since"),
                     fmt::format("{} routes", exported == nullptr ? 0 : exported->size())});
  });
  out += "\n" + table(peers);

  std::vector<Row> vips{{"VIP", "NETWORK", "EXPORTED TO", "HOST ROUTE", "BACKEND", "STATE", "HEALTH"}};
  each(*page, "vips", [&](const json::object& vip) {
    Row row{textOr(vip, "vip"), textOr(vip, "network"), joined(vip, "exportedTo"),
            yesNo(vip, "hostRoute")};
    bool first = true;
    each(vip, "backends", [&](const json::object& backend) {
      Row line = first ? row : Row{"", "", "", ""};
      first = false;
      line.push_back(textOr(backend, "container"));
      line.push_back(stateOf(backend));
      line.push_back(textOr(backend, "health"));
      vips.push_back(line);
    });
    if (first) {
      row.insert(row.end(), {"-", "-", "-"});
      vips.push_back(row);
    }
  });
  out += "\n" + table(vips);

  std::vector<Row> gateways{{"GATEWAY SUBNET", "NETWORK", "LINK", "EXPORTED TO"}};
  each(*page, "gateways", [&](const json::object& gateway) {
    gateways.push_back({textOr(gateway, "subnet"), textOr(gateway, "network"),
                        textOr(gateway, "link"), joined(gateway, "exportedTo")});
  });
  out += "\n" + table(gateways);
  return out;
}

int runStatus(const std::string& given, bool json) {
  const auto sockets = given.empty() ? findSockets() : std::vector<std::string>{given};
  if (sockets.empty()) {
    fmt::print(stderr, "bgplb: no plugin socket below /run/docker/plugins: is the plugin enabled, and "
                       "are you root?\n");
    return 1;
  }
  bool answered = false;
  for (const auto& socket : sockets) {
    const auto page = get(socket, "/status");
    if (!page) {
      fmt::print(stderr, "bgplb: {}\n", page.error().message);
      continue;
    }
    const auto text = json ? Result<std::string>(*page + "\n") : renderStatus(*page);
    if (!text) {
      fmt::print(stderr, "bgplb: {}: {}\n", socket, text.error().message);
      continue;
    }
    answered = true;
    fmt::print("{}", *text);
  }
  return answered ? 0 : 1;
}

}  // namespace bgplb::cli
