#pragma once
// Queries BIRD's status for GET /status. BirdRouting::status() calls it.

#include "base/result.hpp"
#include "bird/status.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>

#include <string>

namespace bgplb::bird {

// Uses a separate connection, because a long reply must not delay a change. Unavailable: no BIRD
// listens at `controlSocket`. Transient: BIRD does not reply. Does not set `refused` and
// `reconfigurations`, which only the Publisher knows.
Task<Result<RoutingStatus>> queryStatus(boost::asio::io_context& context,
                                        std::string controlSocket);

}  // namespace bgplb::bird
