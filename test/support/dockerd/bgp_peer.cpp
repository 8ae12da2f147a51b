#include "support/dockerd/bgp_peer.hpp"

#include "support/dockerd/bgp_wire.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <exception>

namespace bgplb::test {

namespace {

constexpr std::chrono::milliseconds kRedial{20};
constexpr int kKeepalive = 1000;  // ms; a third of BGP's shortest hold time (RFC 4271)

// Empty if BIRD does not accept.
io::Descriptor dial(const BgpPeerOptions& options) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  std::memcpy(&address.sin_addr, options.bird.bytes(), sizeof address.sin_addr);
  io::Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (fd.isOpen() && connect(fd.get(), to, sizeof address) != 0) fd.reset();
  return fd;
}

void send(int fd, const std::string& bytes) {
  // After an error the next recv(2) ends the session.
  (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace

BgpPeer::BgpPeer(const Netns& where, BgpPeerOptions options)
    : options_(std::move(options)),
      netns_(where.fd()),
      stop_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

BgpPeer::~BgpPeer() {
  (void)eventfd_write(stop_.get(), 1);
  thread_.join();
}

bool BgpPeer::isEstablished() const {
  const std::scoped_lock lock(mutex_);
  return established_;
}

int BgpPeer::sessions() const {
  const std::scoped_lock lock(mutex_);
  return sessions_;
}

bool BgpPeer::has(const Prefix& prefix) const {
  const auto all = changes(prefix);
  return !all.empty() && all.back().announced;
}

std::vector<BgpPeer::Change> BgpPeer::changes(const Prefix& prefix) const {
  const std::scoped_lock lock(mutex_);
  const auto found = history_.find(prefix);
  return found == history_.end() ? std::vector<Change>{} : found->second;
}

std::string BgpPeer::text() const {
  const std::scoped_lock lock(mutex_);
  std::string all = fmt::format("peer: {}, {} sessions {}\n", established_ ? "established" : "down",
                                sessions_, problem_);
  for (const auto& [prefix, changes] : history_) {
    all += "  " + prefix.toString();
    for (const auto& change : changes) {
      const auto ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(change.at.time_since_epoch());
      all += fmt::format(" {}@{}", change.announced ? "announced" : "withdrawn", ms.count());
    }
    all += "\n";
  }
  return all;
}

bool BgpPeer::isStopped(std::chrono::milliseconds wait) const {
  pollfd asked{stop_.get(), POLLIN, 0};
  return poll(&asked, 1, static_cast<int>(wait.count())) > 0;
}

void BgpPeer::run() {
  if (setns(netns_, CLONE_NEWNET) != 0) {
    const std::scoped_lock lock(mutex_);
    problem_ = "setns";
    return;
  }
  do {
    const auto fd = dial(options_);
    if (!fd.isOpen()) continue;
    try {
      session(fd.get());
    } catch (const std::exception& error) {
      const std::scoped_lock lock(mutex_);
      problem_ = error.what();
    }
    down();
  } while (!isStopped(kRedial));
}

// Returns when the session ends or the destructor runs.
void BgpPeer::session(int fd) {
  send(fd, bgp::openMessage(options_.as, options_.routerId, options_.holdTime));
  std::string bytes;
  while (true) {
    std::array<pollfd, 2> asked{{{fd, POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    const int ready = poll(asked.data(), asked.size(), kKeepalive);
    if (asked[1].revents != 0) return;
    if (ready == 0) send(fd, bgp::keepaliveMessage());
    if (asked[0].revents == 0) continue;
    std::array<char, 65536> chunk;
    const ssize_t got = recv(fd, chunk.data(), chunk.size(), 0);
    if (got <= 0) return;
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
    if (!take(bytes, fd)) return;
  }
}

// False: BIRD ended the session.
bool BgpPeer::take(std::string& bytes, int fd) {
  while (const auto message = bgp::takeMessage(bytes)) {
    switch (message->type) {
      case bgp::Type::Open: send(fd, bgp::keepaliveMessage()); break;
      case bgp::Type::Keepalive:
        up();
        send(fd, bgp::keepaliveMessage());
        break;
      case bgp::Type::Notification: return false;
      case bgp::Type::Update: {
        const auto update = bgp::parseUpdate(message->body);
        for (const auto& prefix : update.withdrawn) change(prefix, false);
        for (const auto& prefix : update.announced) change(prefix, true);
        break;
      }
    }
  }
  return true;
}

void BgpPeer::change(const Prefix& prefix, bool announced) {
  const std::scoped_lock lock(mutex_);
  history_[prefix].push_back({Clock::now(), announced});
}

void BgpPeer::up() {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(established_, true)) ++sessions_;
}

void BgpPeer::down() {
  const std::scoped_lock lock(mutex_);
  established_ = false;
  for (auto& [prefix, changes] : history_) {
    if (changes.back().announced) changes.push_back({Clock::now(), false});
  }
}

}  // namespace bgplb::test
