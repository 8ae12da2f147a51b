#pragma once
// Text from outside, made safe to print: a container's name or another program's output must not
// move the cursor of a terminal or add a line to the log.

#include <string>
#include <string_view>

namespace bgplb {

// `text` with every control character spelled out: U+0000-001F and U+007F as "\x1b", U+0080-009F
// (C1, which some terminals obey as escape sequences) as "\u009b". Bytes that are no UTF-8
// (RFC 3629) become "\xff", so the result is valid UTF-8. A backslash of the text stays as it is.
std::string printable(std::string_view text);

}  // namespace bgplb
