#include "firewall/side_table.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

namespace bgplb::firewall {

std::string SideTable::problem() const {
  return problem_.empty() ? "" : fmt::format("{}: {}; {}", purpose_, problem_, consequence_);
}

Task<> SideTable::reconcile(bool wanted) {
  if (!content_) co_return;
  std::string content = wanted ? content_() : std::string{};
  const bool empty = content.empty();
  if (empty && absent_) co_return;
  const auto done = co_await table_.reconcile(std::move(content));
  absent_ = empty && done.has_value();
  // A leftover table does no harm; the next pass removes it.
  const std::string problem = done || empty ? "" : done.error().message;
  if (std::exchange(problem_, problem) == problem) co_return;
  if (problem.empty()) {
    log::info("resolved: firewall: {}", purpose_);
  } else {
    log::warning("firewall: {}", this->problem());
  }
}

}  // namespace bgplb::firewall
