// Reads and writes the state file. drain_file.cpp has its format.
#include "state/drain_file.hpp"
#include "io/file.hpp"
#include "json/read.hpp"
#include <fmt/format.h>
#include <cstdio>

namespace bgplb::state {

DrainFile::DrainFile(boost::asio::any_io_executor executor, std::string path)
    : path_(path),
      file_(std::move(executor), {.path = std::move(path)}, [this](const Result<void>& outcome) {
        if (done_) done_(outcome);
      }) {}

Result<Drains> DrainFile::load() {
  const auto text = io::readFile(path_);
  if (!text && text.error().kind == ErrorKind::NotFound) return Drains{};
  if (!text) return text.error();
  auto drains = parseDrains(*text, Clocks::now());
  if (drains) return drains;
  const std::string corrupt = path_ + ".corrupt";
  const bool renamed = std::rename(path_.c_str(), corrupt.c_str()) == 0;
  return invalid(fmt::format("state file {}: {}; {}", path_, drains.error().message,
                             renamed ? "kept as " + corrupt : "cannot rename it to " + corrupt));
}

void DrainFile::saveDrains(const Drains& drains, std::function<void(Result<void>)> done) {
  done_ = std::move(done);
  file_.write(renderDrains(drains, Clocks::now()));
}

Task<> DrainFile::saved(std::chrono::steady_clock::time_point by) { (void)co_await file_.idle(by); }

}  // namespace bgplb::state
