#pragma once
// Mustache renders an unknown name as nothing, which in a configuration means something else. This
// context records every name that a template uses and nobody defines, so that the caller can refuse
// the template.

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
