#include "bird/config_files.hpp"

#include "io/file.hpp"

#include <unistd.h>

namespace bgplb::bird {

namespace {

constexpr mode_t kOwnerOnly = 0600;  // the main file holds passwords

}  // namespace

ConfigFiles::ConfigFiles(RunPaths paths) : paths_(std::move(paths)) {
  const auto readOr = [](const std::string& path) {
    auto text = io::readFile(path);
    return text ? std::move(*text) : std::string();
  };
  onDisk_ = FileSet{readOr(paths_.main), readOr(paths_.vips4), readOr(paths_.vips6)};
  pending_ = ::access(paths_.pending.c_str(), F_OK) == 0;
  if (!pending_ && !onDisk_.main.empty()) confirmed_ = onDisk_;
}

Result<void> ConfigFiles::writeOne(const std::string& path, const std::string& text,
                                   std::string& known) {
  // An empty file must exist too: BIRD refuses an include of nothing.
  if (text == known && !(text.empty() && ::access(path.c_str(), F_OK) != 0)) return {};
  auto written = io::replaceFile(path, text, kOwnerOnly);
  if (written) known = text;
  return written;
}

Result<void> ConfigFiles::write(const FileSet& wanted) {
  if (!pending_) {
    if (auto marked = io::touchFile(paths_.pending, kOwnerOnly); !marked) return marked;
    pending_ = true;
  }
  // The includes first: a main file that names them must find them.
  if (auto written = writeOne(paths_.vips4, wanted.vips4, onDisk_.vips4); !written) return written;
  if (auto written = writeOne(paths_.vips6, wanted.vips6, onDisk_.vips6); !written) return written;
  return writeOne(paths_.main, wanted.main, onDisk_.main);
}

void ConfigFiles::confirm() {
  confirmed_ = onDisk_;
  pending_ = false;
  ::unlink(paths_.pending.c_str());  // left behind, it costs one needless reconfiguration
}

Result<void> ConfigFiles::restore() {
  if (!confirmed_) return {};
  const FileSet good = *confirmed_;
  auto written = write(good);
  if (written) confirm();
  return written;
}

}  // namespace bgplb::bird
