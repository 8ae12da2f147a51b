#pragma once
// Catch2 2 (Debian 12) and 3 (Debian 13) under one name.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "base/result.hpp"

// A failed CHECK shows why a result failed; values show themselves in the comparison.
template <typename T>
struct Catch::StringMaker<bgplb::Result<T>> {
  static std::string convert(const bgplb::Result<T>& result) {
    return result ? "a value" : "error: " + result.error().message;
  }
};
