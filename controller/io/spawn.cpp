#include "io/spawn.hpp"

#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>

#include <cstdlib>
#include <exception>
#include <utility>

namespace bgplb::io {

void endProgram(const std::string& name, const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    log::error("{}: unhandled exception: {}; ending the program", name, error.what());
  } catch (...) {
    log::error("{}: unhandled exception of unknown type; ending the program", name);
  }
  log::stop();
  std::_Exit(kInternalError);  // run no destructors: the state may be inconsistent
}

void spawn(const boost::asio::any_io_executor& executor, Task<> task, std::string name) {
  auto onEnd = [name = std::move(name)](const std::exception_ptr& exception) {
    if (exception) endProgram(name, exception);
  };
  boost::asio::co_spawn(executor, std::move(task), std::move(onEnd));
}

}  // namespace bgplb::io
