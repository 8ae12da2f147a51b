#pragma once
// Errors as values. Every operation that can fail for a reason outside the program returns Result<T>;
// exceptions do not cross a folder.

#include <boost/system/result.hpp>

#include <iosfwd>
#include <string>
#include <utility>

namespace bgplb {

// What the caller can do about a failure.
enum class ErrorKind {
  Invalid,      // the input is wrong: tell whoever sent it, never retry
  NotFound,     // the thing named is not there
  Conflict,     // it is there already, or changed under us: observe again, plan again
  Transient,    // busy, interrupted, timed out: the same call may succeed later
  Unavailable,  // the other side is not there (socket refused, process gone)
};

struct Error {
  ErrorKind kind = ErrorKind::Invalid;
  std::string message;  // one sentence for a person, without a full stop

  // Each layer says what it was doing: "route 10.0.0.101/32: no such device".
  Error within(const std::string& context) const { return {kind, context + ": " + message}; }
  friend bool operator==(const Error&, const Error&) = default;
};

std::ostream& operator<<(std::ostream& out, const Error& error);  // the message

// Boost asks for this when a failed result is read as if it had succeeded; that is a bug in the
// caller, so it ends the program with the message.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

template <typename T>
using Result = boost::system::result<T, Error>;

inline Error invalid(std::string message) { return {ErrorKind::Invalid, std::move(message)}; }
inline Error notFound(std::string message) { return {ErrorKind::NotFound, std::move(message)}; }
inline Error conflict(std::string message) { return {ErrorKind::Conflict, std::move(message)}; }
inline Error transient(std::string message) { return {ErrorKind::Transient, std::move(message)}; }
inline Error unavailable(std::string message) { return {ErrorKind::Unavailable, std::move(message)}; }

inline bool isKind(const Result<void>& outcome, ErrorKind kind) {
  return !outcome && outcome.error().kind == kind;
}

// For a removal: success, too, when there was nothing to remove.
inline Result<void> tolerateMissing(Result<void> outcome) {
  if (isKind(outcome, ErrorKind::NotFound)) return {};
  return outcome;
}

}  // namespace bgplb
