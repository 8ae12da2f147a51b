#include "firewall/foreign_tables.hpp"

#include "firewall/nft_listing.hpp"

#include <vector>

namespace bgplb::firewall {

Task<Result<std::string>> ForeignTables::obstacles(std::set<Family> vips) {
  const std::string none;
  const std::vector<std::string> chains{"nft", "list", "chains"};
  const auto found = co_await tools_.run(chains, none);
  if (!found) {
    if (found.error().kind == ErrorKind::Transient) co_return found.error();
    co_return std::string{};
  }
  std::string text;
  for (const auto& table : foreignFilters(found->out)) {
    // --terse: without the elements of sets, of which there may be very many.
    const std::vector<std::string> list{"nft",   "--terse",    "list",
                                        "table", table.family, table.name};
    const auto listed = co_await tools_.run(list, none);
    if (!listed) co_return listed.error();
    if (listed->status != 0) continue;  // removed meanwhile
    const std::string one = obstacle(table, listed->out, vips);
    if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
  }
  co_return text;
}

}  // namespace bgplb::firewall
