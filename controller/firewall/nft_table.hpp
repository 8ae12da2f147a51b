#pragma once
// Keeps one nft table of family inet as wanted (`nft list table inet NAME`). Owned and called by
// Iptables.

#include "base/result.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bgplb::firewall {

class NftTable {
 public:
  NftTable(ToolRunner& tools, std::string name) : tools_(tools), name_(std::move(name)) {}

  // Creates, changes or repairs the table. `content`: its sets and chains; empty: removes the
  // table. Invalid, NotFound: nft is missing, or nft or the kernel lacks a feature. Transient: the
  // same call may succeed later.
  Task<Result<void>> reconcile(std::string content);

 private:
  Task<Result<void>> remove();
  Task<Result<void>> load(const std::string& content);
  Task<Result<std::string>> list();
  Task<Result<std::string>> nft(std::vector<std::string> arguments, std::string input = {});

  ToolRunner& tools_;
  std::string name_;
  std::string loaded_;    // the content of the last successful load
  std::string asListed_;  // the output of nft directly after that load
};

}  // namespace bgplb::firewall
