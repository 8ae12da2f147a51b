#pragma once
// A router that remembers: it dials BIRD, takes every route, sends none, and keeps the history of
// each prefix. A test asks this peer what is announced, never the controller's log.

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

  // Dials from the namespace `where`, again and again until BIRD answers.
  BgpPeer(const Netns& where, BgpPeerOptions options);
  ~BgpPeer();

  bool isEstablished() const;
  int sessions() const;  // how many were established so far
  bool has(const Prefix& prefix) const;
  // The UPDATEs about this prefix, and what a lost session took away.
  std::vector<Change> changes(const Prefix& prefix) const;
  std::string text() const;  // for a failed test

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
  io::Descriptor stop_;  // eventfd(2), readable once the object dies
  mutable std::mutex mutex_;
  std::map<Prefix, std::vector<Change>> history_;
  bool established_ = false;
  int sessions_ = 0;
  std::string problem_;
  std::thread thread_;
};

}  // namespace bgplb::test
