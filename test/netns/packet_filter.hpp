#pragma once
// Iptables against the real packet filter, with the rules of real dockerds (firewall/recorded).

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

// Written with a here-document, since the text holds no quotes of the shell.
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

// Everything that is wanted stands, in this flavour.
inline firewall::FirewallStatus allIn(const std::string& flavour) {
  return {.flavour = flavour, .v4 = true, .v6 = true, .problem = "", .marks = true};
}

}  // namespace bgplb::test::packet_filter
