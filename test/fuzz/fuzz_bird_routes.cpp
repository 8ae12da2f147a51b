// The route files of a previous controller: the parsed routes, written again, parse to the same
// routes.

#include "bird/render.hpp"

#include "fuzz/fuzz.hpp"
#include "support/routes.hpp"

using namespace bgplb;

namespace {

// Writes route files; every second route has a bandwidth.
bird::RouteFiles written(const std::set<Prefix>& prefixes) {
  test::Routes routes;
  for (const auto& prefix : prefixes) {
    auto& attributes = routes[prefix];
    if (routes.size() % 2 == 0) attributes = test::weighted(routes.size(), 7);
  }
  return test::filesOf(routes, 65534);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto routes = bird::parseRoutes(fuzz::textOf(data, size));
  const auto files = written(routes);
  ALWAYS(bird::parseRoutes(files.vips4 + files.vips6) == routes);
  for (const auto& prefix : bird::parseRoutes(files.vips4)) ALWAYS(prefix.family() == Family::V4);
  for (const auto& prefix : bird::parseRoutes(files.vips6)) ALWAYS(prefix.family() == Family::V6);
  const auto again = written(bird::parseRoutes(files.vips4));
  ALWAYS(again.vips4 == files.vips4 && again.vips6.empty());
  return 0;
}
