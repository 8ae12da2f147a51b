#include "base/result.hpp"

#include <ostream>
#include <stdexcept>

namespace bgplb {

std::ostream& operator<<(std::ostream& out, const Error& error) { return out << error.message; }

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("a failed result was read: " + error.message);
}

}  // namespace bgplb
