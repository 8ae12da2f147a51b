#pragma once
// The routes that are wanted, each with its line in the file that BIRD includes: a change renders its
// own line and no other, however many there are. Equal routes give equal bytes.

#include "base/address.hpp"
#include "core/link_bandwidth.hpp"

#include <cstdint>
#include <map>
#include <optional>
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
  void clear() { routes_.clear(); }

  bool contains(const Prefix& prefix) const { return routes_.contains(prefix); }
  std::size_t size() const { return routes_.size(); }
  RouteFiles files() const;  // sorted, one line a route

 private:
  struct Route {
    std::optional<core::LinkBandwidth> bandwidth;
    std::string line;
  };

  std::uint32_t localAs_;
  std::map<Prefix, Route> routes_;
};

}  // namespace bgplb::bird
