#pragma once
// Includes Catch2 version 2 (Debian 12) or 3 (Debian 13).
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "base/result.hpp"

// Makes a failed CHECK show the error of a Result.
template <typename T>
struct Catch::StringMaker<bgplb::Result<T>> {
  static std::string convert(const bgplb::Result<T>& result) {
    return result ? "a value" : "error: " + result.error().message;
  }
};
