#pragma once
// Makes external text safe to print: the name of a container or the output of another program must
// not control a terminal or add a line to the log. Used by the log, the status page and the CLI.

#include <string>
#include <string_view>

namespace bgplb {

// Escapes every control character: U+0000-001F and U+007F as "\x1b", U+0080-009F (C1, which some
// terminals interpret as escape sequences) as "\u009b". Bytes that are not valid UTF-8 (RFC 3629)
// become "\xff", so the result is valid UTF-8. A backslash in `text` is not changed.
std::string printable(std::string_view text);

}  // namespace bgplb
