// The one translation unit that instantiates the writer and the reader of the page.
#include "operator/status.hpp"

namespace bgplb::ops {

std::string renderStatusPage(const StatusPage& page) { return toJson(page); }

Result<StatusPage> parseStatusPage(std::string_view text) { return fromJson<StatusPage>(text); }

}  // namespace bgplb::ops
