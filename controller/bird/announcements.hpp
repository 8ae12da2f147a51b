#pragma once
// The announced prefixes with their attributes, rendered as the files that BIRD includes. Publisher
// owns one. The files are sorted, one line for each prefix, so equal announcements give equal
// bytes. A change of one prefix renders only the line of that prefix.

#include "base/address.hpp"
#include "core/route_attributes.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace bgplb::bird {

// The files that the two static protocols include, one for each address family.
struct RouteFiles {
  std::string vips4;
  std::string vips6;
};

class Announcements {
 public:
  explicit Announcements(std::uint32_t localAs = 0) : localAs_(localAs) {}

  // The link bandwidth communities contain the AS number.
  void setLocalAs(std::uint32_t localAs);
  // set() and erase() return false if nothing changes.
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
  RouteFiles files_;  // without changed_
  std::set<Prefix> changed_;
  bool allChanged_ = false;
};

}  // namespace bgplb::bird
