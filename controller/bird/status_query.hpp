#pragma once
// Queries BIRD for its status.

#include "base/result.hpp"
#include "bird/status.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>

#include <string>

namespace bgplb::bird {

// On a connection of its own, because a long reply must not hold up a change. Unavailable: no BIRD
// listens at `controlSocket`; Transient: it does not reply. Leaves `refused` and `reconfigurations`
// empty, which BIRD does not know.
Task<Result<RoutingStatus>> queryStatus(boost::asio::io_context& context,
                                        std::string controlSocket);

}  // namespace bgplb::bird
