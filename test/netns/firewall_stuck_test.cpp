// Tests of Iptables with a program that hangs in the kernel and ignores SIGKILL.
#include "netns/packet_filter.hpp"
#include "support/log_capture.hpp"
#include "support/unkillable.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace bgplb;
using namespace std::chrono_literals;
using test::runUntil;

namespace {

// Replaces the program `name` in PATH and records each start. Until release() it hangs and ignores
// SIGKILL; afterwards it executes the real program.
class FakeTool {
 public:
  FakeTool(const std::string& name, const test::Unkillable& unkillable)
      : folder_(std::filesystem::path(unkillable.gate()).parent_path() / "bin") {
    std::filesystem::create_directory(folder_);
    std::string real = test::shell("command -v " + name);
    real.pop_back();  // the newline
    std::ofstream(file("gate")) << unkillable.gate();
    std::ofstream(file("hold")) << "";
    std::ofstream(file("starts")) << "";
    std::ofstream(file(name)) << "#!/bin/sh\necho start >> " << file("starts") << "\n[ -e "
                              << file("hold") << " ] || exec " << real << " \"$@\"\nexec "
                              << test::Unkillable::program() << " '" << test::kUnkillable << "' < "
                              << file("gate") << "\n";
    std::filesystem::permissions(file(name), std::filesystem::perms::owner_all);
    setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
  }
  ~FakeTool() {
    setenv("PATH", path_.c_str(), 1);
    std::filesystem::remove_all(folder_);
  }
  void release() const { std::filesystem::remove(file("hold")); }
  int starts() const {
    const auto text = io::readFile(file("starts"));
    return text ? static_cast<int>(std::count(text->begin(), text->end(), '\n')) : 0;
  }

 private:
  std::string file(const std::string& name) const { return folder_ / name; }

  std::filesystem::path folder_;
  std::string path_ = std::getenv("PATH");
};

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("Iptables.StartsNoOtherProgram_WhileOneIsStuck", "[netns]") {
  const test::ScopedNetns netns;
  const test::Unkillable unkillable;
  const std::string name = GENERATE("iptables-nft-save", "nft");
  const FakeTool tool(name, unkillable);
  test::LogCapture log;
  boost::asio::io_context io;
  firewall::Iptables iptables(io, {}, 3s);

  iptables.ensure(true);
  REQUIRE(runUntil(
      io, [&] { return !iptables.busy(); }, 30s));
  const auto& status = iptables.status();
  CHECK(test::packet_filter::has(status.problem + status.marksProblem, "was killed"));
  CHECK_FALSE(status.marks);
  // Neither the retry after a second nor a new request starts another program.
  CHECK_FALSE(runUntil(
      io,
      [&] {
        iptables.ensure(true);
        return tool.starts() > 1;
      },
      2500ms));

  tool.release();
  REQUIRE(unkillable.release());
  CHECK(runUntil(
      io, [&] { return iptables.status() == test::packet_filter::allIn("nft"); }, 30s));
  CHECK(tool.starts() > 1);
  const std::string lines = log.text();
  INFO(lines);
  CHECK(count(lines, " warning firewall: connection marks: ") == 1);
  CHECK(count(lines, " warning firewall: ") <= 3);  // rules, marks, protection
  CHECK(count(lines, " info resolved: firewall: connection marks: ") == 1);
  CHECK(count(lines, " warning firewall: ") == count(lines, " info resolved: firewall: "));
}
