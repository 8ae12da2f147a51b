#pragma once
// Makes external text safe to print: the name of a container or the output of another program must
// not control a terminal or add a line to the log. Used by the log, the status page and the CLI.

#include <string>
#include <string_view>

namespace bgplb {

// Escapes every control character: U+0000-001F and U+007F as "\x1b", U+0080-009F (C1, which some
// terminals interpret as escape sequences) as "\u009b". Escapes the characters that change the
// direction of the text around them (Unicode, UAX #9), and the line separators U+2028 and U+2029,
// in the same way. Bytes that are not valid UTF-8 (RFC 3629) become "\xff", so the result is valid
// UTF-8. A backslash in `text` is not changed.
std::string printable(std::string_view text);

// For a JSON text: escapes the same characters as "\u001b", so that a program reads the same
// values. Newline and tab, which JSON allows between values, stay.
std::string printableJson(std::string_view json);

}  // namespace bgplb
