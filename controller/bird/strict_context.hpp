#pragma once
// A Mustache context that records every undefined name that a template uses, so that renderMain()
// can refuse the template. Mustache itself renders an undefined name as an empty string, which
// would change the meaning of a configuration.

#include <kainjow/mustache.hpp>

#include <set>
#include <string>

namespace bgplb::bird {

class StrictContext : public kainjow::mustache::context<std::string> {
 public:
  using context::context;

  const kainjow::mustache::data* get(const std::string& name) const override {
    const auto* found = context::get(name);
    if (found == nullptr) missing_.insert(name);
    return found;
  }
  const kainjow::mustache::data* get_partial(const std::string& name) const override {
    return get(name);
  }

  const std::set<std::string>& missing() const { return missing_; }

 private:
  mutable std::set<std::string> missing_;
};

}  // namespace bgplb::bird
