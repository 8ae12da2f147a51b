#pragma once
// BIRD's log lines on their way into ours.
//
// BIRD outlives this program, so its standard error must be something that neither blocks nor
// breaks when nobody reads: a FIFO in the run directory that BIRD holds open for reading as well
// (so no EPIPE) and without blocking (so a full one costs lines, not the sessions' keepalives). The
// next run of this program opens the same FIFO and finds there what was said meanwhile, up to
// 64 KiB.

#include "base/log.hpp"
#include "base/result.hpp"

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
// 3's "bird: TIME [0001] <WARN> ...". A line without a class is what BIRD says before it has a log.
// What BIRD says at each configuration that we ask for is debug.
BirdLine parseLogLine(std::string_view line);

class BirdLog {
 public:
  BirdLog(boost::asio::io_context& context, std::string path);
  ~BirdLog();
  BirdLog(const BirdLog&) = delete;
  BirdLog& operator=(const BirdLog&) = delete;

  // Makes the FIFO if need be and begins to forward. Idempotent.
  Result<void> open();
  // A descriptor that can be BIRD's standard error; the caller closes it.
  Result<int> openForBird() const;

  // While a BIRD starts its words are kept back: if it dies they are the reason and are told with
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
