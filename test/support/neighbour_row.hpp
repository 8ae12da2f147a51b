#pragma once
// Rows of the table of other programs that test/neighbours prints.

#include <iostream>
#include <string>

namespace bgplb::test {

// `what` was done or arrived, with this `result`.
inline void neighbourRow(const std::string& program, const std::string& what,
                         const std::string& result) {
  std::cout << "neighbours|" << program << "|" << what << "|" << result << "\n";
}

}  // namespace bgplb::test
