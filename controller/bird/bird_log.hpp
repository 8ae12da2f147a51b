#pragma once
// Forwards BIRD's log lines to the controller's log. Daemon owns the BirdLog.
//
// BIRD outlives the controller, so writing to standard error must neither block BIRD nor fail while
// no controller reads. BIRD's standard error is therefore a FIFO in the run directory. BIRD also
// has it open for reading, so a write never fails with EPIPE. The FIFO is non-blocking: when it is
// full, log lines are lost, but no keepalive is delayed. The next controller opens the same FIFO
// and reads the lines that BIRD has written meanwhile, up to 64 KiB.

#include "base/log.hpp"
#include "base/result.hpp"
#include "io/descriptor.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace bgplb::bird {

struct BirdLine {
  log::Level level = log::Level::Warning;
  std::string text;
  friend bool operator==(const BirdLine&, const BirdLine&) = default;
};

// Parses "2026-11-22 20:23:51.054 <WARN> lb_peer1: ..." and removes the time, which our log adds;
// also parses BIRD 3's "bird: TIME [0001] <WARN> ...". Lines without a class are warnings: BIRD
// writes them before it has opened its log. The lines that BIRD logs at each `configure` have level
// debug.
BirdLine parseLogLine(std::string_view line);

class BirdLog {
 public:
  BirdLog(boost::asio::io_context& context, std::string path);
  ~BirdLog();
  BirdLog(const BirdLog&) = delete;
  BirdLog& operator=(const BirdLog&) = delete;

  // Creates the FIFO if it does not exist, and begins to forward. Idempotent.
  Result<void> open();
  // A descriptor of the FIFO, to become BIRD's standard error.
  Result<io::Descriptor> openForBird() const;

  // Holds lines back while BIRD starts. If the start succeeds, release() forwards them. If it
  // fails, takeComplaints() returns them as the reason, so that they are logged once.
  void hold();
  void release();
  // Ends the hold. Returns the held lines of level warning and above, joined into one line.
  std::string takeComplaints();

 private:
  struct Reader;

  boost::asio::io_context& context_;
  std::string path_;
  std::shared_ptr<Reader> reader_;
};

}  // namespace bgplb::bird
