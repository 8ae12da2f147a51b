#pragma once
// Forwards BIRD's log lines into ours.
//
// BIRD outlives this program, so its standard error must neither block nor break when nobody reads
// it: a FIFO in the run directory that BIRD holds open for reading as well (so no EPIPE) and
// non-blocking (so a full FIFO costs lines, not the sessions' keepalives). The next controller
// opens the same FIFO and finds there what BIRD logged meanwhile, up to 64 KiB.

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

// "2026-11-22 20:23:51.054 <WARN> lb_peer1: ..." without the time, which our log adds; also BIRD
// 3's "bird: TIME [0001] <WARN> ...". BIRD writes lines without a class before it has opened its
// log. What BIRD logs at each `configure` is debug.
BirdLine parseLogLine(std::string_view line);

class BirdLog {
 public:
  BirdLog(boost::asio::io_context& context, std::string path);
  ~BirdLog();
  BirdLog(const BirdLog&) = delete;
  BirdLog& operator=(const BirdLog&) = delete;

  // Makes the FIFO if need be and begins to forward. Idempotent.
  Result<void> open();
  // A descriptor that can be BIRD's standard error.
  Result<io::Descriptor> openForBird() const;

  // While a BIRD starts its lines are kept back: if it dies they are the reason and are logged with
  // the failure, once; if it lives they are forwarded.
  void hold();
  void release();
  // Ends the hold. The warnings and worse among what was kept back, in one line.
  std::string takeComplaints();

 private:
  struct Reader;

  boost::asio::io_context& context_;
  std::string path_;
  std::shared_ptr<Reader> reader_;
};

}  // namespace bgplb::bird
