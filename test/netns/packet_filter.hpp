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

struct Wall {
  boost::asio::io_context io;
  firewall::Iptables iptables{io};

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
