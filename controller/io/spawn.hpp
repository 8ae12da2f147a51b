#pragma once
// Starts coroutines that no other coroutine awaits. Used by all components with background work.

#include "io/task.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <exception>
#include <string>

namespace bgplb::io {

// Exit status after an unhandled exception (EX_SOFTWARE of sysexits.h).
inline constexpr int kInternalError = 70;

// Starts `task`. An exception that leaves the task is logged with `name` and ends the program with
// kInternalError; PID 1 then restarts the controller. Without this, a controller that lost a
// coroutine would seem healthy and keep announcing dead containers.
void spawn(const boost::asio::any_io_executor& executor, Task<> task, std::string name);

// Logs the exception with `name`, writes the queued log lines, and ends the program.
[[noreturn]] void endProgram(const std::string& name, const std::exception_ptr& exception);

}  // namespace bgplb::io
