// systemd-networkd of Debian's package beside the controller: what it deletes of ours, and the
// settings that prevent it. Run by test/neighbours, which provides the root filesystem.
#include "netns/neighbour_root.hpp"
#include "netns/two_backends.hpp"
#include "support/neighbour_row.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::neighbour_root;
using namespace bgplb::test::traffic_lab;

namespace {

// Matches the links of the plugin as well.
constexpr const char* kEveryLink =
    "[Match]\nName=*\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n";

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

std::string read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The named block of a page.
std::string block(const std::string& page, const std::string& name) {
  return shell("cd " TEST_SOURCE_DIR "/docs; python3 -B -c 'import pages, sys; " +
               std::string("print(pages.block(sys.argv[1], sys.argv[2]).text, end=\"\")' ") + page +
               " " + name);
}

// The kernel's notifications about objects of the plugin, one a line, in ip-monitor(8)'s words.
struct Notifications {
  std::vector<std::string> lines;
  std::string text;
  int groups = 0;  // deleted ones
  int nextHops = 0;
  int routes = 0;
  int rules = 0;
  int neighbors = 0;  // entries of the bridges, and forwarding entries of their ports

  void add(const std::string& line) {
    lines.push_back(line);
    text += line + "\n";
    if (!has(line, "Deleted ")) return;
    if (has(line, " group ")) {
      ++groups;
    } else if (has(line, "Deleted id ")) {
      ++nextHops;
    } else if (has(line, "from all fwmark ")) {
      ++rules;
    } else {
      ++(has(line, "proto 178") ? routes : neighbors);
    }
  }
  std::string deleted() const {
    return fmt::format(
        "deleted: {} groups, {} next hops, {} routes, {} rules, {} neighbours and FDB entries",
        groups, nextHops, routes, rules, neighbors);
  }
  // From the first notification to the last. Not every line has a time.
  std::chrono::milliseconds duration() const {
    std::vector<double> times;
    for (const auto& line : lines) {
      int hours = 0;
      int minutes = 0;
      double seconds = 0;
      if (std::sscanf(line.c_str(), "[%*d-%*d-%*dT%d:%d:%lf]", &hours, &minutes, &seconds) == 3)
        times.push_back((hours * 60 + minutes) * 60 + seconds);
    }
    REQUIRE(!times.empty());
    return std::chrono::milliseconds(std::lround((times.back() - times.front()) * 1000));
  }
};

// What the plugin has made, except what `ip` shows differently after each change.
std::string objects() {
  return kernelObjects() + shell(
                               "ip neighbor show nud permanent | sort; bridge link show | "
                               "cut -d ' ' -f 2,6,7; bridge fdb show | grep ' static$' | sort");
}

class Monitor {
 public:
  Monitor() { fence(); }

  // Those since the last call.
  Notifications take() {
    fence();
    Notifications taken;
    std::istringstream lines(read(file_));
    std::string line;
    std::size_t number = 0;
    while (std::getline(lines, line)) {
      const bool ours = has(line, "proto 178") || has(line, " dev bgplb-") || has(line, "dev bgl");
      if (number++ >= taken_ && ours) taken.add(line);
    }
    taken_ = number;
    return taken;
  }

 private:
  // Returns after the notifications that were sent before the call are in the file.
  void fence() {
    const std::string route = fmt::format("unreachable 192.0.2.{}", ++fences_);
    REQUIRE(eventually([&] {
      shell("ip route add " + route + "; ip route delete " + route);
      return has(read(file_), "Deleted " + route + " ");
    }));
  }

  const std::string file_ = root() + "/run/monitor";
  const Service monitor_{"ip -ts monitor route rule nexthop neigh", file_};
  std::size_t taken_ = 0;
  int fences_ = 0;
};

// The host, a VIP network with two containers, and networkd, which manages the link to the router.
struct Beside {
  Host host;
  TwoBackends backends{host};
  Monitor monitor;
  std::unique_ptr<Service> networkd;
  const std::string before = objects();
  int changes = 0;

  Beside() {
    shell("rm -rf " + root() + "/etc/systemd/network " + root() + "/etc/systemd/networkd.conf.d");
    shell(inRoot("install -d -o systemd-network -g systemd-network /run/systemd/netif"));
    startDbus();
  }

  static void file(const std::string& name, const std::string& text) {
    write(root() + "/etc/systemd/" + name, text);
  }
  // The link has the addresses of the lab, and one more than before. networkd adds an address after
  // it has deleted what it deletes.
  void changeUplink() {
    file("network/10-us.network",
         "[Match]\nName=us\n"
         "[Network]\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=no\n"
         "[Address]\nAddress=10.77.0.1/24\nBroadcast=no\n"
         "[Address]\nAddress=fd77::1/64\nDuplicateAddressDetection=none\n" +
             fmt::format("[Address]\nAddress=198.51.100.{}/32\n", ++changes));
  }
  void awaitChange() {
    REQUIRE(eventually(
        [&] { return has(shell("ip address show us"), fmt::format(" 198.51.100.{}/", changes)); },
        30s));
  }
  void restart() {
    networkd.reset();
    changeUplink();
    networkd = std::make_unique<Service>(inRoot("/lib/systemd/systemd-networkd"),
                                         root() + "/run/networkd.log");
    awaitChange();
  }
  // networkctl does nothing in a chroot, unless this variable is set.
  void networkctl(const std::string& command) {
    shell(inRoot("env SYSTEMD_IGNORE_CHROOT=1 networkctl " + command));
  }
  void reloadChanged() {
    changeUplink();
    networkctl("reload");
    awaitChange();
  }

  // Returns what networkd has deleted.
  Notifications expectRestored(const std::string& what) {
    INFO(what);
    const bool restored = eventually([&] { return objects() == before; });
    INFO("before:\n" << before << "now:\n" << objects());
    CHECK(restored);
    CHECK(eventually([&] { return host.isAnnounced(backends.web()); }));
    auto seen = monitor.take();
    backends.checkConnections();
    row(what, fmt::format("{}; restored after {} ms, {} UPDATEs and withdrawals", seen.deleted(),
                          seen.duration().count(), updates()));
    return seen;
  }
  void expectNothing(const std::string& what) {
    INFO(what);
    const auto seen = monitor.take();
    const auto sent = updates();
    CHECK(seen.text == "");
    CHECK(objects() == before);
    CHECK(sent == 0);
    backends.checkConnections();
    row(what, seen.text.empty() && sent == 0
                  ? "nothing deleted, no UPDATE"
                  : fmt::format("{}, {} UPDATEs and withdrawals", seen.deleted(), sent));
  }

 private:
  void row(const std::string& what, const std::string& result) {
    neighbourRow("systemd-networkd", what, result);
  }
  // Those since the last call.
  std::size_t updates() {
    const auto earlier = std::exchange(updates_, backends.updates());
    return updates_ - earlier;
  }

  std::size_t updates_ = 0;
};

}  // namespace

TEST_CASE("Neighbours.Networkd_WhatItDeletesIsRestored", "[.neighbours]") {
  Beside beside;
  beside.restart();
  const auto atStart = beside.expectRestored("start");
  CHECK(atStart.groups > 0);
  CHECK(atStart.routes > 0);
  CHECK(atStart.rules > 0);
  beside.networkctl("reload");
  beside.expectNothing("reload");
  beside.reloadChanged();
  CHECK(beside.expectRestored("reload after a change").groups > 0);
  beside.host.checkHealthy();
}

TEST_CASE("Neighbours.Networkd_DeletesNothingWithTheDropIn", "[.neighbours]") {
  Beside beside;
  beside.file("networkd.conf.d/bgplb.conf", block("docs/compatibility.md", "networkd"));
  beside.restart();
  beside.expectNothing("start, with the drop-in");
  beside.reloadChanged();
  beside.expectNothing("reload after a change, with the drop-in");
  beside.host.checkHealthy();
}

TEST_CASE("Neighbours.Networkd_ThatManagesEveryLink", "[.neighbours]") {
  Beside beside;
  beside.file("network/99-all.network", kEveryLink);
  beside.restart();
  const auto atStart = beside.expectRestored("start, it manages every link");
  CHECK(atStart.nextHops > 0);
  CHECK(atStart.neighbors > 0);

  beside.file("networkd.conf.d/bgplb.conf", block("docs/compatibility.md", "networkd"));
  beside.restart();
  const auto withDropIn = beside.expectRestored("the same, with the drop-in");
  CHECK(withDropIn.groups == 0);
  CHECK(withDropIn.neighbors > 0);

  beside.file("network/05-bgplb.network", block("docs/compatibility.md", "networkd-unmanaged"));
  beside.restart();
  beside.expectNothing("the same, with the drop-in and unmanaged links");
  beside.host.checkHealthy();
}
