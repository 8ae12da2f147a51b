// Instantiates the JSON writer and reader of the page once, to keep compile times short.
#include "operator/status.hpp"

namespace bgplb::ops {

std::string renderStatusPage(const StatusPage& page) { return toJson(page); }

Result<StatusPage> parseStatusPage(std::string_view text) { return fromJson<StatusPage>(text); }

}  // namespace bgplb::ops
