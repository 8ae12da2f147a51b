#pragma once
// An nft table without which VIPs are served nevertheless: the host needs it only in certain
// situations. Owned and called by Iptables.

#include "firewall/nft_table.hpp"

#include <functional>
#include <string>
#include <utility>

namespace bgplb::firewall {

class SideTable {
 public:
  // `purpose` and `consequence` are for the log: what the table does, and what happens without it.
  SideTable(ToolRunner& tools, std::string name, const char* purpose, const char* consequence)
      : table_(tools, std::move(name)), purpose_(purpose), consequence_(consequence) {}

  // `content` returns the content of the table (nft_table.hpp). Called in each pass.
  void setContent(std::function<std::string()> content) { content_ = std::move(content); }

  // A failure is retried by the next pass, in 3 minutes at the latest.
  Task<> reconcile(bool wanted);

  // Why the table is missing, and the consequence; empty: no problem.
  std::string problem() const;

 private:
  NftTable table_;
  const char* purpose_;
  const char* consequence_;
  std::function<std::string()> content_;
  std::string problem_;  // logged last; empty: none
  bool absent_ = false;  // checked; only this program creates the table
};

}  // namespace bgplb::firewall
