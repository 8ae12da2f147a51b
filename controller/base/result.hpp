#pragma once
// Errors as values. Every operation that can fail for an external reason returns Result<T>.
// Exceptions do not cross the border of a folder.

#include <boost/system/result.hpp>

#include <iosfwd>
#include <string>
#include <utility>

namespace bgplb {

// What the caller can do about a failure.
enum class ErrorKind {
  Invalid,      // the input is wrong: report it to its sender, do not retry
  NotFound,     // the named object does not exist
  Conflict,     // the object exists already, or has changed meanwhile: observe again, plan again
  Transient,    // busy, interrupted, timed out: the same call may succeed later
  Unavailable,  // the peer is not running (connection refused, process ended)
  Unsupported,  // this kernel lacks the function: the same call fails until the host boots another
};

struct Error {
  ErrorKind kind = ErrorKind::Invalid;
  std::string message;  // one sentence for a person, without a full stop

  // Each layer adds its context: "route 10.0.0.101/32: no such device".
  Error within(const std::string& context) const { return {kind, context + ": " + message}; }
  friend bool operator==(const Error&, const Error&) = default;
};

std::ostream& operator<<(std::ostream& out, const Error& error);  // the message

// Boost calls this function when the value of a failed result is read, which is a bug in the
// caller. Throws std::logic_error, which ends the program with the message (io/spawn.hpp).
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

template <typename T>
using Result = boost::system::result<T, Error>;

inline Error invalid(std::string message) { return {ErrorKind::Invalid, std::move(message)}; }
inline Error notFound(std::string message) { return {ErrorKind::NotFound, std::move(message)}; }
inline Error conflict(std::string message) { return {ErrorKind::Conflict, std::move(message)}; }
inline Error transient(std::string message) { return {ErrorKind::Transient, std::move(message)}; }
inline Error unavailable(std::string message) {
  return {ErrorKind::Unavailable, std::move(message)};
}

inline Error unsupported(std::string message) {
  return {ErrorKind::Unsupported, std::move(message)};
}

inline bool isKind(const Result<void>& outcome, ErrorKind kind) {
  return !outcome && outcome.error().kind == kind;
}

// For a removal: NotFound counts as success.
inline Result<void> tolerateMissing(Result<void> outcome) {
  if (isKind(outcome, ErrorKind::NotFound)) return {};
  return outcome;
}

}  // namespace bgplb
