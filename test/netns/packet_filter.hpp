#pragma once
// Helpers for tests of Iptables with the kernel's packet filter and the rules of real versions of
// dockerd (firewall/recorded).

#include "firewall/iptables.hpp"
#include "io/file.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/scoped_netns.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

namespace bgplb::test::packet_filter {

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string recordedText(const std::string& name) {
  const auto text =
      io::readFile(std::string(TEST_SOURCE_DIR) + "/firewall/recorded/" + name + ".save");
  REQUIRE(text.has_value());
  return *text;
}

// Passes `text` to the command by a here-document, which needs no quoting.
inline void restore(const std::string& command, const std::string& text) {
  shell(command + " <<'END'\n" + text + "\nEND");
}

// A folder at the front of PATH for programs that replace those of iptables and nft.
struct FakePrograms {
  std::string folder;
  std::string before = std::getenv("PATH");
  FakePrograms() {
    std::string name = "/tmp/firewall_test.XXXXXX";
    folder = mkdtemp(name.data());
    setenv("PATH", (folder + ":" + before).c_str(), 1);
  }
  FakePrograms(const FakePrograms&) = delete;
  FakePrograms& operator=(const FakePrograms&) = delete;
  ~FakePrograms() {
    setenv("PATH", before.c_str(), 1);
    tryShell("rm -r " + folder);
  }
  void add(const std::string& name, const std::string& script) const {
    std::ofstream(folder + "/" + name) << "#!/bin/sh\n" << script << "\n";
    shell("chmod +x " + folder + "/" + name);
  }
  void remove(const std::string& name) const { shell("rm " + folder + "/" + name); }
};

// nft fails as on a kernel without nf_tables, but only for the product: tests count packets by nft.
struct WithoutNft : FakePrograms {
  WithoutNft() {
    add("nft",
        "case \" $* \" in *\" bgplb \"*|*\" bgplb_loops \"*|*\" -f - \"*)\n"
        "  echo 'Unable to initialize Netlink socket: Protocol not supported' >&2; exit 1;;\n"
        "esac\n"
        "exec /usr/sbin/nft \"$@\"");
  }
};

struct Wall {
  boost::asio::io_context io;
  firewall::Iptables iptables;

  explicit Wall(core::Instance instance = core::Instance{})
      : iptables(io, {}, firewall::Iptables::kToolDeadline, instance) {}

  const firewall::FirewallStatus& ensure(bool wanted) {
    iptables.ensure(wanted);
    REQUIRE(runUntil(
        io, [this] { return !iptables.busy(); }, std::chrono::seconds(30)));
    return iptables.status();
  }
};

// The status when all wanted rules are installed in this flavour.
inline firewall::FirewallStatus allIn(const std::string& flavour) {
  return {.flavour = flavour, .v4 = true, .v6 = true, .problem = "", .marks = true};
}

}  // namespace bgplb::test::packet_filter
