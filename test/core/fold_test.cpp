#include "core/fold.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

// Else its former network would keep an endpoint that is deleted with the latter.
TEST_CASE("Fold.AnEndpointIsOfOneNetwork_WhoeverSaidWhatBefore") {
  core::Facts facts;
  core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), std::nullopt, 1500);
  core::networkCreated(facts, kWeb2, net("10.0.0.102/32"), std::nullopt, 1500);
  core::endpointCreated(facts, kWeb1, kEp1, std::nullopt, std::nullopt, std::nullopt);

  const auto touched =
      core::endpointCreated(facts, kWeb2, kEp1, std::nullopt, std::nullopt, std::nullopt);
  CHECK(touched == core::Touched{kWeb1, kWeb2});
  CHECK(facts.networks.at(kWeb1).endpoints.empty());
  CHECK(facts.networks.at(kWeb2).endpoints == std::set<EndpointId>{kEp1});

  core::containerReported(facts, report(kCtr1, kWeb1, kEp1, core::Health::None), {});
  CHECK(facts.networks.at(kWeb1).endpoints == std::set<EndpointId>{kEp1});
  CHECK(facts.networks.at(kWeb2).endpoints.empty());
  CHECK(facts.endpoints.at(kEp1).network == kWeb1);
}
