#include "bird/bird_log.hpp"

#include "bird/line_limit.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace bgplb::bird {

namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxLine = 4096;
constexpr std::size_t kMaxHeld = 64;     // lines
constexpr std::size_t kPerTurn = 16384;  // bytes read before other handlers may run

// Lines that need no attention: BIRD logs them at every change of a VIP, after a command that the
// controller has logged itself, or about a missing link-local next hop, which our filters never
// use.
bool isRoutine(std::string_view text) {
  return text == "Reconfiguring" || text == "Reconfigured" ||
         text.starts_with("Enabling protocol ") || text.ends_with("Missing link-local address") ||
         text.ends_with("Missing authentication option, assuming MD5");
}

log::Level levelOf(std::string_view logClass) {
  if (logClass == "DBG" || logClass == "TRACE") return log::Level::Debug;
  if (logClass == "INFO") return log::Level::Info;
  if (logClass == "FATAL" || logClass == "BUG" || logClass == "ERR") return log::Level::Error;
  return log::Level::Warning;  // WARN, RMT (the peer's fault), AUTH
}

Error systemError(const std::string& path, const char* call) {
  return unavailable(fmt::format("{}: {}: {}", path, call, std::strerror(errno)));
}

Result<io::Descriptor> openFifo(const std::string& path) {
  io::Descriptor fifo(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fifo.isOpen()) return systemError(path, "open");
  return fifo;
}

}  // namespace

BirdLine parseLogLine(std::string_view line) {
  constexpr std::string_view kProgram = "bird: ";
  if (line.starts_with(kProgram)) line.remove_prefix(kProgram.size());
  const auto begin = line.find('<');
  const auto end = line.find("> ");
  const bool classed =
      begin != std::string_view::npos && end != std::string_view::npos && begin < end &&
      line.substr(0, begin).find_first_not_of("0123456789abcdef-:. []T") == std::string_view::npos;
  if (!classed) return BirdLine{log::Level::Warning, std::string(line)};
  BirdLine parsed{levelOf(line.substr(begin + 1, end - begin - 1)),
                  std::string(line.substr(end + 2))};
  // BIRD's class is FATAL, but either the controller requested the shutdown, or it logs an error of
  // its own.
  if (parsed.text == "Shutdown completed") parsed.level = log::Level::Info;
  if (isRoutine(parsed.text)) parsed.level = log::Level::Debug;
  return parsed;
}

// Shared with the handlers of its descriptor, which may still be queued when the BirdLog is
// destroyed.
struct BirdLog::Reader {
  explicit Reader(asio::io_context& context, int fd) : descriptor(context, fd) {}

  asio::posix::stream_descriptor descriptor;
  std::string partial;
  LineLimit limit;
  bool holding = false;
  std::vector<BirdLine> held;

  static void wait(const std::shared_ptr<Reader>& self) {
    self->descriptor.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [weak = std::weak_ptr<Reader>(self)](const boost::system::error_code& error) {
          const auto reader = weak.lock();
          if (error || !reader) return;
          reader->drain(kPerTurn);
          wait(reader);
        });
  }

  void drain(std::size_t limitOfBytes = std::numeric_limits<std::size_t>::max()) {
    std::array<char, 4096> chunk;
    for (std::size_t done = 0; done < limitOfBytes; done += chunk.size()) {
      const ssize_t size = ::read(descriptor.native_handle(), chunk.data(), chunk.size());
      if (size <= 0) return;  // EAGAIN: empty. No end of file: the descriptor is a writer, too
      feed(std::string_view(chunk.data(), static_cast<std::size_t>(size)));
    }
  }

  void feed(std::string_view bytes) {
    for (const char c : bytes) {
      if (c != '\n' && partial.size() < kMaxLine) {
        partial += c;
        continue;
      }
      forward(parseLogLine(partial));
      partial.clear();
      if (c != '\n') partial += c;
    }
  }

  void forward(const BirdLine& line) {
    if (line.text.empty()) return;
    if (holding) {
      if (held.size() < kMaxHeld) held.push_back(line);
      return;
    }
    if (!log::enabled(line.level)) return;
    const auto now = LineLimit::Clock::now();
    if (const unsigned omitted = limit.takeOmitted(now); omitted > 0) {
      log::warning("bird: {} lines of BIRD's log omitted, more than 20 in a second", omitted);
    }
    if (limit.admits(line.text, now)) log::write(line.level, "bird: " + line.text);
  }
};

BirdLog::BirdLog(asio::io_context& context, std::string path)
    : context_(context), path_(std::move(path)) {}

BirdLog::~BirdLog() = default;

Result<void> BirdLog::open() {
  if (reader_) return {};
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0 && !S_ISFIFO(status.st_mode)) ::unlink(path_.c_str());
  if (::mkfifo(path_.c_str(), 0600) != 0 && errno != EEXIST) return systemError(path_, "mkfifo");
  auto fifo = openFifo(path_);
  if (!fifo) return fifo.error();
  reader_ = std::make_shared<Reader>(context_, fifo->release());
  Reader::wait(reader_);
  return {};
}

Result<io::Descriptor> BirdLog::openForBird() const { return openFifo(path_); }

void BirdLog::hold() {
  if (!reader_) return;
  reader_->drain();
  reader_->holding = true;
}

void BirdLog::release() {
  if (!reader_) return;
  reader_->holding = false;
  for (const auto& line : std::exchange(reader_->held, {})) reader_->forward(line);
}

std::string BirdLog::takeComplaints() {
  if (!reader_) return {};
  reader_->drain();
  reader_->holding = false;
  std::string complaints;
  for (const auto& line : std::exchange(reader_->held, {})) {
    if (line.level < log::Level::Warning) continue;
    complaints += complaints.empty() ? line.text : "; " + line.text;
  }
  return complaints;
}

}  // namespace bgplb::bird
