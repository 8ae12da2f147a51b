#pragma once
// The output of the subcommands: results on standard output, failures as one line on standard
// error. Used by all subcommands. Nothing here throws.

#include <string>
#include <string_view>

namespace bgplb::cli {

// Opens /dev/null for each closed standard descriptor. Otherwise the next socket would get its
// number, and output would be sent to that socket. Output to a replaced descriptor fails.
void reserveStandardDescriptors();

// Writes all of `text` to standard output. Returns the exit status: 0, or kFailed if the output
// failed (a full disk, a closed pipe), which it reports on standard error.
int print(std::string_view text);

// Writes "bgplb: <message>" as one line to standard error, with control characters escaped.
void complain(std::string_view message);

}  // namespace bgplb::cli
