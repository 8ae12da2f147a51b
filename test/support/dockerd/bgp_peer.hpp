#pragma once
// A BGP peer that records every UPDATE: it connects to BIRD, accepts every route and sends none.
// Tests check announcements here, never in the controller's log.

#include "base/address.hpp"
#include "io/descriptor.hpp"
#include "support/scoped_netns.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bgplb::test {

struct BgpPeerOptions {
  Address bird;  // BIRD's address
  std::uint16_t port = 179;
  std::uint32_t as = 0;
  Address routerId;
  std::uint16_t holdTime = 90;  // seconds
};

class BgpPeer {
 public:
  using Clock = std::chrono::steady_clock;
  struct Change {
    Clock::time_point at;
    bool announced = false;  // false: withdrawn
  };

  // Connects from the namespace `where`, and again after every failure.
  BgpPeer(const Netns& where, BgpPeerOptions options);
  ~BgpPeer();

  bool isEstablished() const;
  int sessions() const;  // number of sessions established so far
  bool has(const Prefix& prefix) const;
  // Announcements and withdrawals of this prefix, oldest first. The loss of the session is a
  // withdrawal.
  std::vector<Change> changes(const Prefix& prefix) const;
  std::string text() const;  // the whole history, for the report of a failed test

 private:
  void run();
  void session(int fd);
  bool take(std::string& bytes, int fd);
  void change(const Prefix& prefix, bool announced);
  void up();
  void down();
  bool isStopped(std::chrono::milliseconds wait) const;

  const BgpPeerOptions options_;
  const int netns_;
  io::Descriptor stop_;  // eventfd(2); readable: the thread must end
  mutable std::mutex mutex_;
  std::map<Prefix, std::vector<Change>> history_;
  bool established_ = false;
  int sessions_ = 0;
  std::string problem_;
  std::thread thread_;
};

}  // namespace bgplb::test
