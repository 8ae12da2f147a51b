// The library fmt, compiled once: by its headers alone (FMT_HEADER_ONLY), every file that formats
// would compile all of it. Debian has it as a shared library only, and the programs are static.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
// Declared `extern template` in the headers, by fmt 9 or by fmt 10.
template void vformat_to<char>(buffer<char>&, string_view, basic_format_args<format_context>,
                               locale_ref);
template auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template auto decimal_point_impl<char>(locale_ref) -> char;
}  // namespace detail
FMT_END_NAMESPACE
