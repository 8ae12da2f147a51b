#include "bird/config_files.hpp"

#include "bird/user.hpp"
#include "io/file.hpp"

#include <unistd.h>

namespace bgplb::bird {

namespace {

constexpr mode_t kOwnerOnly = 0600;

}  // namespace

ConfigFiles::ConfigFiles(RunPaths paths) : paths_(std::move(paths)) {
  const auto readOrEmpty = [](const std::string& path) {
    auto text = io::readFile(path);
    return text ? std::move(*text) : std::string();
  };
  onDisk_ = FileSet{readOrEmpty(paths_.main), readOrEmpty(paths_.vips4), readOrEmpty(paths_.vips6)};
  // An earlier controller, whose BIRD ran as root, wrote the files for root only. If the change
  // fails, BIRD reports that it cannot read them.
  for (const auto* path : {&paths_.main, &paths_.vips4, &paths_.vips6}) {
    (void)io::setAccess(*path, readableByBird());
  }
  pending_ = ::access(paths_.pending.c_str(), F_OK) == 0;
  if (!pending_ && !onDisk_.main.empty()) confirmed_ = onDisk_;
}

Result<void> ConfigFiles::writeOne(const std::string& path, const std::string& text,
                                   std::string& known) {
  // The file must exist even if it is empty: BIRD refuses to include a missing file.
  if (text == known && !(text.empty() && ::access(path.c_str(), F_OK) != 0)) return {};
  auto written = io::replaceFile(path, text, readableByBird());  // the main file has passwords
  if (written) known = text;
  return written;
}

Result<void> ConfigFiles::write(const FileSet& wanted) {
  if (!pending_) {
    if (auto marked = io::touchFile(paths_.pending, kOwnerOnly); !marked) return marked;
    pending_ = true;
  }
  // The included files first: they must exist before a main file that includes them.
  if (auto written = writeOne(paths_.vips4, wanted.vips4, onDisk_.vips4); !written) return written;
  if (auto written = writeOne(paths_.vips6, wanted.vips6, onDisk_.vips6); !written) return written;
  return writeOne(paths_.main, wanted.main, onDisk_.main);
}

void ConfigFiles::confirm() {
  confirmed_ = onDisk_;
  pending_ = false;
  ::unlink(paths_.pending.c_str());  // if this fails, the next controller reconfigures once more
}

Result<void> ConfigFiles::restore() {
  if (!confirmed_) return {};
  const FileSet good = *confirmed_;
  auto written = write(good);
  if (written) confirm();
  return written;
}

}  // namespace bgplb::bird
