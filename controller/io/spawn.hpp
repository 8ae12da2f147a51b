#pragma once
// Starting coroutines that nobody awaits.

#include "io/task.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <exception>
#include <string>

namespace bgplb::io {

// EX_SOFTWARE of sysexits.h: the exit status after an exception that nobody handled.
inline constexpr int kInternalError = 70;

// Starts `task`. An exception that leaves it is logged with `name` and ends the program with
// kInternalError, and PID 1 starts the controller again: a controller that silently lost a coroutine
// would look alive and announce containers that are dead.
void spawn(const boost::asio::any_io_executor& executor, Task<> task, std::string name);

// Logs the exception as `name`'s, writes what the log has queued, and ends the program.
[[noreturn]] void endProgram(const std::string& name, const std::exception_ptr& exception);

}  // namespace bgplb::io
