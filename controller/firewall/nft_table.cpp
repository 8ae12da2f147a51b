#include "firewall/nft_table.hpp"

#include "base/log.hpp"
#include "io/process.hpp"

#include <fmt/format.h>

namespace bgplb::firewall {

Task<Result<std::string>> NftTable::nft(std::vector<std::string> arguments, std::string input) {
  arguments.insert(arguments.begin(), "nft");
  const auto finished = co_await tools_.run(std::move(arguments), std::move(input));
  if (!finished) co_return finished.error();
  if (finished->status != 0) co_return invalid("nft: " + io::errorText(*finished));
  co_return finished->out;
}

Task<Result<std::string>> NftTable::list() {
  // --terse: with thousands of VIPs, listing the elements of a set takes long.
  const std::vector<std::string> arguments{"--terse", "list", "table", "inet", name_};
  co_return co_await nft(arguments);
}

Task<Result<void>> NftTable::reconcile(std::string content) {
  const auto found = co_await list();
  if (!found && found.error().kind == ErrorKind::Transient) co_return found.error();
  if (content.empty()) {
    loaded_.clear();
    asListed_.clear();
    if (!found) co_return Result<void>{};  // the table does not exist, or nft is missing
    co_return co_await remove();
  }
  if (found && *found == asListed_ && content == loaded_) co_return Result<void>{};
  co_return co_await load(content);
}

Task<Result<void>> NftTable::remove() {
  const std::vector<std::string> arguments{"delete", "table", "inet", name_};
  const auto removed = co_await nft(arguments);
  if (!removed) co_return removed.error();
  log::info("firewall: nft: table inet {} removed", name_);
  co_return Result<void>{};
}

// Replaces an existing table in the same transaction.
Task<Result<void>> NftTable::load(const std::string& content) {
  const std::vector<std::string> arguments{"-f", "-"};
  std::string input = fmt::format(
      "table inet {0} {{}}\ndelete table inet {0}\ntable inet {0} {{\n{1}}}\n", name_, content);
  const auto loaded = co_await nft(arguments, std::move(input));
  if (!loaded) co_return loaded.error();
  const char* done = loaded_.empty() ? "added" : content == loaded_ ? "repaired" : "changed";
  log::info("firewall: nft: table inet {} {}", name_, done);
  const auto after = co_await list();
  if (!after) co_return after.error();
  loaded_ = content;
  asListed_ = *after;
  co_return Result<void>{};
}

}  // namespace bgplb::firewall
