#pragma once
// A fake dockerd for the real controller: the Docker API on a unix socket, served by a separate
// thread. A test sets networks and containers, sends events, scripts failures (EngineScript), and
// checks the controller's requests. DockerHost adds dockerd's plugin calls and the veth pairs.

#include "io/task.hpp"
#include "support/dockerd/docker_values.hpp"
#include "support/dockerd/engine_script.hpp"
#include "support/dockerd/event_feed.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bgplb::test {

class FakeDockerd {
 public:
  using Clock = std::chrono::steady_clock;
  struct Request {
    Clock::time_point at;
    std::string method;
    std::string path;  // without version and query
    std::string query;
  };

  explicit FakeDockerd(const std::string& socketPath);
  ~FakeDockerd();

  // ---- scripted failures (see EngineScript)
  void fail(const std::string& pattern, int times, unsigned status = 500);
  void delay(const std::string& pattern, std::chrono::milliseconds time);
  // The answer is formed when the request arrives and sent after release(): it is older than every
  // change in between. Without release() the request is never answered.
  void hold(const std::string& pattern);
  void release(const std::string& pattern);
  std::size_t held(const std::string& pattern);  // requests whose client still waits
  void cutStreams();
  // As with systemd's docker.socket: idle connections end, then the event streams, then the pid
  // file is removed. The socket still listens, but no process accepts connections.
  void beginStop();  // only the first step
  enum class PidFile { Goes, Stays };
  void stop(PidFile pidFile = PidFile::Goes);
  bool isWoken();  // a connection waits for a dockerd; systemd would start one
  void startAgain();

  // ---- values and events: a change and its events take effect together
  struct Values {
    std::map<std::string, NetworkValue> networks;      // by id
    std::map<std::string, ContainerValue> containers;  // by id
  };
  void change(const std::function<void(Values&)>& change,
              const std::vector<EventValue>& events = {});
  // Cuts the streams, then does the same as change(): no stream carries the events.
  void changeInGap(const std::function<void(Values&)>& change,
                   const std::vector<EventValue>& events);
  void sendRaw(const std::string& line, const std::vector<EventValue>& after);

  // ---- the controller's requests
  std::vector<Request> requests(const std::string& pattern = "*");
  std::size_t count(const std::string& pattern);
  std::size_t streams();
  std::size_t mostConnections();  // open at the same time
  std::string text();             // the last requests, for the report of a failed test

 private:
  using Socket = EventFeed::Socket;
  struct Answer {
    unsigned status = 200;
    std::string body;
  };
  struct Held {
    std::string path;
    boost::asio::steady_timer timer;
    bool closed = false;  // the client closed the connection
  };

  Task<> accept();
  Task<> serve(std::shared_ptr<Socket> socket);
  void writePidFile();
  Task<bool> obstruct(std::shared_ptr<Socket> socket, std::string path);
  Answer answerTo(const Request& request);

  // Runs `work` on the server's thread and returns its result.
  template <typename Work>
  auto run(Work work) {
    using Result = std::invoke_result_t<Work>;
    const auto task = std::make_shared<std::packaged_task<Result()>>(std::move(work));
    auto result = task->get_future();
    boost::asio::post(io_, [task] { (*task)(); });
    if (result.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      throw std::runtime_error("the fake dockerd's thread does not answer");
    }
    return result.get();
  }

  boost::asio::io_context io_{1};
  boost::asio::local::stream_protocol::acceptor acceptor_;
  EngineScript script_;
  EventFeed feed_;
  Values values_;
  std::vector<Request> requests_;
  std::list<std::shared_ptr<Held>> held_;
  std::list<std::weak_ptr<Socket>> sockets_;
  std::set<std::shared_ptr<Socket>> streaming_;
  std::string pidPath_;
  unsigned starts_ = 0;
  std::size_t open_ = 0;
  std::size_t mostOpen_ = 0;
  std::thread thread_;
};

}  // namespace bgplb::test
