#pragma once
// The routes that are wanted, and the files that BIRD includes, of which equal routes give equal
// bytes: sorted, one line a route. A change renders its own line and no other, however many there are.

#include "base/address.hpp"
#include "core/link_bandwidth.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace bgplb::bird {

// What the two static protocols include, one family a file.
struct RouteFiles {
  std::string vips4;
  std::string vips6;
};

class RouteTable {
 public:
  explicit RouteTable(std::uint32_t localAs = 0) : localAs_(localAs) {}

  // The communities name it.
  void setLocalAs(std::uint32_t localAs);
  // Both: false if it was so already.
  bool set(const Prefix& prefix, std::optional<core::LinkBandwidth> bandwidth);
  bool erase(const Prefix& prefix);
  void clear();

  bool contains(const Prefix& prefix) const { return routes_.contains(prefix); }
  std::size_t size() const { return routes_.size(); }
  const RouteFiles& files();

 private:
  void renderAll();
  void patch(const Prefix& prefix);

  std::uint32_t localAs_;
  std::map<Prefix, std::optional<core::LinkBandwidth>> routes_;
  RouteFiles files_;           // as they were before the changes
  std::set<Prefix> changed_;
  bool allChanged_ = false;
};

}  // namespace bgplb::bird
