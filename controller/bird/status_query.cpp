#include "bird/status_query.hpp"

#include "bird/control_client.hpp"
#include "io/background.hpp"

#include <chrono>
#include <functional>
#include <set>
#include <utility>

namespace bgplb::bird {

namespace {

constexpr std::chrono::seconds kTimeout{2};

}  // namespace

Task<Result<RoutingStatus>> queryStatus(boost::asio::io_context& context,
                                        std::string controlSocket) {
  ControlClient client(context);
  const auto connected = co_await client.connect(controlSocket, kTimeout);
  if (!connected) co_return connected.error();
  RoutingStatus status;
  status.version = client.version();
  status.pid = client.listener().value_or(0);
  const auto general = co_await client.command("show status", kTimeout);
  if (!general) co_return general.error();
  status.recovering = general->has(kRecovering);
  const auto protocols = co_await client.command("show protocols all \"lb_peer*\"", kTimeout);
  if (!protocols) co_return protocols.error();
  status.peers = parsePeers(*protocols);
  for (auto& peer : status.peers) {
    if (!peer.isEstablished()) continue;
    auto routes = co_await client.command("show route export " + peer.name, kTimeout);
    if (!routes) co_return routes.error();
    // Thousands of routes take milliseconds.
    std::function<Result<std::set<Prefix>>()> parse = [reply = std::move(*routes)] {
      return parseExported(reply);
    };
    auto exported = co_await io::inBackground<std::set<Prefix>>(std::move(parse));
    if (!exported) co_return exported.error();
    peer.exported = std::move(*exported);
  }
  co_return status;
}

}  // namespace bgplb::bird
