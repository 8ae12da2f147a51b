#include "json/describe.hpp"

namespace bgplb::describe {

namespace {

// RFC 8259, section 7: quotation mark, backslash and the control characters are escaped.
bool needsEscape(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

}  // namespace

void write(std::string& out, std::string_view text) {
  out += '"';
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!needsEscape(text[at])) continue;
    out.append(text, written, at - written);
    if (text[at] == '"' || text[at] == '\\') {
      out.append("\\").push_back(text[at]);
    } else {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[at]));
    }
    written = at + 1;
  }
  out.append(text, written, std::string_view::npos);
  out += '"';
}

void write(std::string& out, double number) {
  out += boost::json::serialize(boost::json::value(number));
}

}  // namespace bgplb::describe
