#pragma once
// What the program's commands write: results on standard output, failures as one line on standard
// error. Nothing here throws.

#include <string>
#include <string_view>

namespace bgplb::cli {

// Opens /dev/null for each of the three standard descriptors that is closed: the next socket would
// get its number, and output would go into that socket. Output to a replaced one still fails.
void reserveStandardDescriptors();

// Writes `text` to standard output, all of it. The exit status: 0, or kFailed after a line on
// standard error (a full disk, a reader that has gone).
int print(std::string_view text);

// "bgplb: <message>" as one line on standard error; control characters are spelled out.
void complain(std::string_view message);

}  // namespace bgplb::cli
