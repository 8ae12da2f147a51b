#pragma once
// GET /events of the fake dockerd: the open streams, and the history for `since`, which holds 256
// events as dockerd's does. Called on the server's thread only.

#include "io/task.hpp"
#include "support/dockerd/docker_values.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace bgplb::test {

class EventFeed {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  explicit EventFeed(boost::asio::io_context& io) : io_(io) {}

  // Sends the history from `since` (ns since 1970), then every new event, until either side closes.
  Task<> serve(std::shared_ptr<Socket> socket, std::int64_t since);

  void publish(const std::vector<EventValue>& events);
  // Sends a line unchanged. It need not be JSON and is not kept in the history.
  void publishRaw(const std::string& line);
  void cut();
  std::size_t streams() const { return streams_.size(); }

 private:
  struct Stream {
    Stream(boost::asio::io_context& io, std::shared_ptr<Socket> connection)
        : socket(std::move(connection)), wake(io) {}
    std::shared_ptr<Socket> socket;
    boost::asio::steady_timer wake;
    std::string pending;
    bool closed = false;
  };
  struct Past {
    std::int64_t time;
    std::string line;
  };

  void send(const std::string& lines);

  boost::asio::io_context& io_;
  std::list<std::shared_ptr<Stream>> streams_;
  std::deque<Past> history_;
};

}  // namespace bgplb::test
