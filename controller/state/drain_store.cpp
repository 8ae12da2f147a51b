// The state file on the disk; its format is in drain_file.cpp.
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
  const std::string aside = path_ + ".corrupt";
  const bool kept = std::rename(path_.c_str(), aside.c_str()) == 0;
  return invalid(fmt::format("state file {}: {}; {}", path_, drains.error().message,
                             kept ? "kept as " + aside : "it could not be kept aside"));
}

void DrainFile::saveDrains(const Drains& drains, std::function<void(Result<void>)> done) {
  done_ = std::move(done);
  file_.write(renderDrains(drains, Clocks::now()));
}

Task<> DrainFile::saved(std::chrono::steady_clock::time_point by) { (void)co_await file_.idle(by); }

}  // namespace bgplb::state
