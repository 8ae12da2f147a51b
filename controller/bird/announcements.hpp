#pragma once
// The announced prefixes with their attributes, as the text of the files that BIRD includes. Equal
// announcements give equal bytes: sorted, one line a prefix. A change renders its own line and no
// other, however many there are.

#include "base/address.hpp"
#include "core/route_attributes.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace bgplb::bird {

// What the two static protocols include, one family a file.
struct RouteFiles {
  std::string vips4;
  std::string vips6;
};

class Announcements {
 public:
  explicit Announcements(std::uint32_t localAs = 0) : localAs_(localAs) {}

  // The link bandwidth communities name it.
  void setLocalAs(std::uint32_t localAs);
  // Both: false if nothing changes.
  bool set(const Prefix& prefix, const core::RouteAttributes& attributes);
  bool erase(const Prefix& prefix);
  void clear();

  bool contains(const Prefix& prefix) const { return announced_.contains(prefix); }
  std::size_t size() const { return announced_.size(); }
  const RouteFiles& files();

 private:
  void renderAll();
  void patch(const Prefix& prefix);

  std::uint32_t localAs_;
  std::map<Prefix, core::RouteAttributes> announced_;
  RouteFiles files_;  // without the changes
  std::set<Prefix> changed_;
  bool allChanged_ = false;
};

}  // namespace bgplb::bird
