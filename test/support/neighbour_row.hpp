#pragma once
// Rows of the table of other programs that test/neighbours prints.

#include <iostream>
#include <string>

namespace bgplb::test {

// Prints one row. `what`: the action of the program, or the packets that were sent.
inline void neighbourRow(const std::string& program, const std::string& what,
                         const std::string& result) {
  std::cout << "neighbours|" << program << "|" << what << "|" << result << "\n";
}

}  // namespace bgplb::test
