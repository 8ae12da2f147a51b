#pragma once
// Coroutines on the program's one io_context and its one thread.
//
// GCC 12 destroys braced temporaries and capturing lambdas twice when they are built inside a
// co_await expression: name them on the line above.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bgplb {

template <typename T = void>
using Task = boost::asio::awaitable<T>;

// `auto [error, value] = co_await stream.async_read_some(buffer, asTuple);`
inline constexpr auto asTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace bgplb
