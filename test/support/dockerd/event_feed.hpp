#pragma once
// GET /events of the fake dockerd: the streams that are open, and the history that `since` asks
// for. Like dockerd's, the history has 256 events. Used on the server's thread only.

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

  // Sends the history from `since` on (ns since 1970), then every new event, until either side
  // closes.
  Task<> serve(std::shared_ptr<Socket> socket, std::int64_t since);

  void publish(const std::vector<EventValue>& events);
  // A line as it is, which need not be JSON and has no place in the history.
  void publishRaw(const std::string& line);
  void cut();
  void forgetHistory() { history_.clear(); }
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
