#pragma once
// The coroutine type. All coroutines run on the single thread of the program's single io_context.
//
// GCC 12 destroys braced temporaries and capturing lambdas twice if a co_await expression creates
// them: assign them to a variable first.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bgplb {

template <typename T = void>
using Task = boost::asio::awaitable<T>;

// `auto [error, value] = co_await stream.async_read_some(buffer, asTuple);`
inline constexpr auto asTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace bgplb
