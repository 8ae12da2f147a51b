#pragma once
// What a caller may tolerate of a request's outcome.

#include "base/result.hpp"

namespace bgplb::netlink {

inline bool isKind(const Result<void>& outcome, ErrorKind kind) {
  return !outcome && outcome.error().kind == kind;
}

inline Result<void> tolerateMissing(Result<void> outcome) {
  if (isKind(outcome, ErrorKind::NotFound)) return {};
  return outcome;
}

}  // namespace bgplb::netlink
