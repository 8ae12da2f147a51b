#include "cli/status.hpp"

#include "base/printable.hpp"
#include "cli/client.hpp"
#include "cli/output.hpp"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace bgplb::cli {

namespace {

using Row = std::vector<std::string>;

// Makes each column as wide as its longest cell.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += fmt::format("{:<{}}", row[i], i + 1 < row.size() ? widths[i] + 2 : 0);
    }
    text += '\n';
  }
  return text;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ",") + printable(part);
  return text.empty() ? "-" : text;
}

// "held-down (8 s more)"
std::string stateOf(const ops::BackendStatus& backend) {
  std::string state = printable(backend.state);
  const bool waits = backend.state == "held-down" || backend.state == "rising";
  if (waits && backend.secondsLeft) {
    state += fmt::format(" ({:.0f} s more)", std::ceil(*backend.secondsLeft));
  }
  return state;
}

std::string stateOf(const ops::PeerStatus& peer) {
  const bool failed = peer.state != "Established" && !peer.lastError.empty();
  return printable(peer.state) + (failed ? fmt::format(" ({})", printable(peer.lastError)) : "");
}

std::string problems(const ops::StatusPage& page) {
  std::string text;
  const auto add = [&text](std::string_view what, const std::string& problem) {
    if (problem.empty()) return;
    text += fmt::format("problem: {}: {}\n", printable(what), printable(problem));
  };
  add("bird", page.bird.problem);
  add("firewall", page.firewall.problem);
  add("firewall", page.firewall.obstacles);
  add("connection marks", page.firewall.marksProblem);
  for (const auto& vip : page.vips) add(vip.network, vip.problem);
  for (const auto& gateway : page.gateways) add(gateway.network, gateway.problem);
  for (const auto& note : page.notes) text += fmt::format("note: {}\n", printable(note));
  if (page.bird.recovering.value_or(false)) {
    text +=
        "note: graceful-restart recovery: BIRD waits for End-of-RIB from its peers (RFC 4724)\n";
  }
  return text;
}

std::string peersTable(const ops::StatusPage& page) {
  std::vector<Row> rows{{"PEER", "AS", "STATE", "SINCE", "EXPORTED"}};
  for (const auto& peer : page.peers) {
    rows.push_back({printable(peer.address), std::to_string(peer.as), stateOf(peer),
                    printable(peer.since), fmt::format("{} routes", peer.exported.size())});
  }
  return table(rows);
}

std::string vipsTable(const ops::StatusPage& page) {
  std::vector<Row> rows{
      {"VIP", "NETWORK", "EXPORTED TO", "HOST ROUTE", "BACKEND", "STATE", "HEALTH"}};
  for (const auto& vip : page.vips) {
    Row row{printable(vip.vip), printable(vip.network), joined(vip.exportedTo),
            vip.hostRoute ? "yes" : "no"};
    if (vip.backends.empty()) {
      row.insert(row.end(), {"-", "-", "-"});
      rows.push_back(row);
    }
    for (const auto& backend : vip.backends) {
      row.insert(row.end(),
                 {printable(backend.container), stateOf(backend), printable(backend.health)});
      rows.push_back(row);
      row = Row(4);  // only the first row of a VIP shows the VIP
      if (!backend.members) continue;
      for (const auto& member : *backend.members) {
        row.insert(row.end(), {"+ " + printable(member.container), printable(member.state),
                               printable(member.health)});
        rows.push_back(row);
        row = Row(4);
      }
    }
  }
  return table(rows);
}

std::string gatewaysTable(const ops::StatusPage& page) {
  std::vector<Row> rows{{"GATEWAY SUBNET", "NETWORK", "LINK", "EXPORTED TO"}};
  for (const auto& gateway : page.gateways) {
    rows.push_back({printable(gateway.subnet), printable(gateway.network), printable(gateway.link),
                    joined(gateway.exportedTo)});
  }
  return table(rows);
}

struct Options {
  std::string socket;
  bool json = false;
  double timeout = 10;  // seconds
};

// The output for one socket. Rejects an answer that is not a status page even with --json.
Result<std::string> pageOf(const std::string& socket, const Options& options) {
  const std::chrono::duration<double> timeout(options.timeout);
  auto body =
      get(socket, "/status", std::chrono::duration_cast<std::chrono::milliseconds>(timeout));
  if (!body) return body.error();
  const auto page = ops::parseStatusPage(*body);
  if (!page) return page.error().within(socket + ": not a status page");
  return options.json ? printableJson(*body) + "\n" : renderStatus(*page);
}

int runStatus(const Options& options) {
  const auto sockets =
      options.socket.empty() ? findSockets() : std::vector<std::string>{options.socket};
  if (sockets.empty()) {
    complain(fmt::format("no plugin socket below {}: is the plugin enabled, and are you root?",
                         kPluginFolder));
    return kFailed;
  }
  bool answered = false;
  for (const auto& socket : sockets) {
    const auto text = pageOf(socket, options);
    if (!text) {
      complain(text.error().message);
      continue;
    }
    const bool named = sockets.size() > 1 && !options.json;
    const std::string heading = named ? fmt::format("socket {}\n", printable(socket)) : "";
    if (const int failed = print(heading + *text); failed != 0) return failed;
    answered = true;
  }
  return answered ? 0 : kFailed;
}

}  // namespace

std::string renderStatus(const ops::StatusPage& page) {
  std::string out = fmt::format("bgplb {}  bird {}  docker {}\n", printable(page.version),
                                page.bird.version ? printable(*page.bird.version) : "not running",
                                page.engine.following ? "connected" : "not answering");
  out += problems(page);
  out += "\n" + peersTable(page);
  out += "\n" + vipsTable(page);
  out += "\n" + gatewaysTable(page);
  return out;
}

Command statusCommand() {
  return {"status", "Peers, VIPs, backends, and what BIRD exports", [](CLI::App& parser) {
            const auto options = std::make_shared<Options>();
            parser.add_option("--socket", options->socket,
                              "Plugin socket; default: every bgplb.sock of a plugin");
            parser.add_flag("--json", options->json, "Print the page as JSON");
            parser.add_option("--timeout", options->timeout, "Seconds to wait for an answer")
                ->check(CLI::Range(0.001, 3600.0))
                ->capture_default_str();
            return std::function<int()>([options] { return runStatus(*options); });
          }};
}

}  // namespace bgplb::cli
