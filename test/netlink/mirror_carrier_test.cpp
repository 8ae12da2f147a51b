// Tests of what the mirror reports about the carrier of a backend's veth pair.
#include "netlink/mirror.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using netlink::Change;
using netlink::Changes;
using netlink::Link;
using netlink::Mirror;

namespace {

const std::string kVeth = "bgl0123456789ab";

Changes fold(Mirror& mirror, Change change, const Link& link) {
  Changes changes;
  mirror.fold({change, link}, changes);
  return changes;
}

}  // namespace

TEST_CASE("Mirror.ReportsTheCarrierOfAVeth") {
  Mirror mirror(core::Instance{});
  Link veth{.index = 71, .name = kVeth, .kind = "veth", .mtu = 1500, .up = true};
  using Carriers = std::map<std::string, bool>;
  CHECK(fold(mirror, Change::Present, veth).carriers.empty());  // not up in the container yet
  veth.running = true;  // the kernel has not evaluated the carrier of the new link yet
  CHECK(fold(mirror, Change::Present, veth).carriers.empty());
  veth.running = false;
  CHECK(fold(mirror, Change::Present, veth).carriers.empty());
  veth.running = veth.carrier = true;
  CHECK(fold(mirror, Change::Present, veth).carriers == Carriers{{kVeth, true}});
  CHECK(fold(mirror, Change::Present, veth).carriers.empty());
  veth.running = veth.carrier = false;
  CHECK(fold(mirror, Change::Present, veth).carriers == Carriers{{kVeth, false}});
  veth.running = veth.carrier = true;
  fold(mirror, Change::Present, veth);
  CHECK(fold(mirror, Change::Removed, veth).carriers.empty());
  Link foreign{.index = 72, .name = "veth1234", .kind = "veth", .up = true};
  fold(mirror, Change::Present, foreign);
  foreign.carrier = true;
  CHECK(fold(mirror, Change::Present, foreign).empty());
}
