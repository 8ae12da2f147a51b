#pragma once
// A test bed for BirdRouting, which controls a real BIRD in one network namespace. A second BIRD in
// another namespace is its peer; the tests check the routes that the peer receives.

#include "base/log.hpp"
#include "bird/bird_routing.hpp"
#include "bird/control_client.hpp"
#include "bird/launch.hpp"
#include "io/descriptor.hpp"
#include "io/file.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/scoped_netns.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <thread>

namespace bgplb::test::bird_lab {

using namespace bgplb::bird;
using namespace std::chrono_literals;
namespace asio = boost::asio;

inline constexpr const char* kTemplate = PROJECT_SOURCE_DIR "/bird-templates/bird.conf.mustache";
inline constexpr auto kPatience = 20s;

inline const Prefix kVip4 = net("10.0.0.101/32");
inline const Prefix kOther4 = net("10.0.0.102/32");
inline const Prefix kVip6 = net("2001:db8:0:1::101/128");

// The BIRD binary under test. The peer always runs the one in PATH.
inline std::string birdUnderTest() {
  const char* chosen = std::getenv("BGPLB_BIRD");
  return chosen != nullptr ? chosen : "bird";
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "bgplb-bird-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
    // BIRD, which is another user, reaches the run directory in it.
    std::filesystem::permissions(path_, std::filesystem::perms(0711));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

template <typename T>
T await(asio::io_context& io, Task<T> task) {
  std::optional<T> result;
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T value) {
    failure = error;
    result.emplace(std::move(value));
  });
  REQUIRE(runUntil(
      io, [&] { return result.has_value(); }, kPatience));
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

inline void await(asio::io_context& io, Task<> task) {
  bool done = false;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error) {
    done = true;
    if (error) std::rethrow_exception(error);
  });
  REQUIRE(runUntil(
      io, [&] { return done; }, kPatience));
}

inline pid_t pidIn(const std::string& file) {
  const auto text = io::readFile(file);
  return text ? static_cast<pid_t>(std::strtol(text->c_str(), nullptr, 10)) : 0;
}

inline void endProcess(pid_t pid) {
  if (pid <= 1 || ::kill(pid, SIGKILL) != 0) return;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  // The process is not a child of the test, so it can stay a zombie until PID 1 reaps it.
  const auto state = "/proc/" + std::to_string(pid) + "/stat";
  while (std::chrono::steady_clock::now() < end) {
    const auto text = io::readFile(state);
    if (!text || text->find(") Z") != std::string::npos) return;
    std::this_thread::yield();
  }
}

struct Received {
  std::map<std::string, std::string> nextHops;  // prefix -> next hop as shown by BIRD
  std::string attributes;                       // of all routes
  int updates = 0;
  int withdrawals = 0;
  bool established = false;
};

// A router that accepts every route and sends none. Keeps the routes of a peer that restarts (RFC
// 4724 helper, BIRD's default).
class Router {
 public:
  Router(asio::io_context& io, const test::Netns& where, const std::string& session)
      : io_(io), client_(io) {
    std::ofstream(folder_ / "bird.conf")
        << "log stderr all;\nrouter id 10.77.0.2;\nprotocol device lb_device { }\n"
           "protocol bgp lb_us {\n  connect delay time 1;\n  hold time 90;\n"
        << session
        << "\n  ipv4 { import all; export none; };\n  ipv6 { import all; export none; };\n}\n";
    const std::vector<std::string> argv = {
        "nsenter", "--net=" + where.path(), "bird", "-f",
        "-c",      folder_ / "bird.conf",   "-s",   folder_ / "bird.ctl",
        "-P",      folder_ / "bird.pid"};
    pid_ = launchDetached(argv, STDERR_FILENO).value();
    const auto connected = [this] {
      return await(io_, client_.connect(folder_ / "bird.ctl", 2s)).has_value();
    };
    REQUIRE(runUntil(io_, connected, kPatience));
  }
  ~Router() { endProcess(pid_); }

  Received received() {
    Received seen;
    std::string prefix;
    for (const auto& line : query("show route all").lines) {
      const auto first = Prefix::parse(line.text.substr(0, line.text.find(' ')));
      if (first) prefix = first->toString();
      const auto hop = line.text.find("next_hop: ");
      if (hop != std::string::npos) seen.nextHops[prefix] = line.text.substr(hop + 10);
      seen.attributes += line.text + "\n";
    }
    for (const auto& line : query("show protocols all lb_us").lines) {
      int count = 0;
      if (sscanf(line.text.c_str(), " Import updates: %d", &count) == 1) seen.updates += count;
      if (sscanf(line.text.c_str(), " Import withdraws: %d", &count) == 1) {
        seen.withdrawals += count;
      }
      if (line.text.find("BGP state:          Established") != std::string::npos) {
        seen.established = true;
      }
    }
    return seen;
  }
  bool has(const Prefix& prefix) { return received().nextHops.contains(prefix.toString()); }

 private:
  Reply query(const std::string& command) {
    auto reply = await(io_, client_.command(command, 5s));
    REQUIRE(reply.has_value());
    return std::move(*reply);
  }

  TemporaryFolder folder_;
  asio::io_context& io_;
  ControlClient client_;
  pid_t pid_ = 0;
};

// Two namespaces, connected by a veth pair. The host has 10.77.0.1 and fd77::1, the
// router 10.77.0.2 and fd77::2.
struct Lab {
  Lab() {
    if (const char* level = std::getenv("BGPLB_TEST_LOG")) {
      log::start(log::parseLevel(level).value_or(log::Level::Info));
    }
    test::shell("ip link add us type veth peer name router");
    test::shell("ip link set router netns " + there.path());
    test::shell("ip addr add 10.77.0.1/24 dev us");
    test::shell("ip addr add fd77::1/64 dev us nodad");
    test::shell("ip link set us up");
    there.shell("ip link set lo up");
    there.shell("ip addr add 10.77.0.2/24 dev router");
    there.shell("ip addr add fd77::2/64 dev router nodad");
    there.shell("ip link set router up");
  }
  ~Lab() {
    routing.reset();
    endProcess(pidIn(run / "bird.pid"));
  }

  static std::string session4() {
    return "  local 10.77.0.2 as 65002;\n  neighbor 10.77.0.1 as 65001;\n";
  }

  // A directly connected peer in AS 65002.
  static core::Peer peer(const char* address) {
    core::Peer made{.name = core::peerName(ip(address)),
                    .address = ip(address),
                    .as = 65002,
                    .hops = 1,
                    .nextHop4 = ip("10.77.0.1"),
                    .nextHop6 = ip("fd77::1")};
    made.source = made.address.isV4() ? made.nextHop4 : made.nextHop6;
    return made;
  }

  static core::RoutingConfig model() {
    core::RoutingConfig made;
    made.routerId = ip("10.77.0.1");
    made.localAs = 65001;
    made.listenPort = 1790;
    made.peers.push_back(peer("10.77.0.2"));
    return made;
  }

  BirdOptions options(const std::string& templatePath = kTemplate) const {
    return {binary, run.path(), templatePath, "", BGPLB_PROGRAM};
  }
  // Starts a controller and announces `routes`, up to the point where all wanted prefixes are
  // known.
  void runController(const core::RoutingConfig& wanted, const std::set<Prefix>& routes,
                     const std::string& templatePath = kTemplate) {
    routing = std::make_unique<BirdRouting>(io, options(templatePath));
    REQUIRE(routing->setModel(wanted).has_value());
    routing->start();
    for (const auto& route : routes) routing->announce(route);
    routing->routesComplete();
  }

  template <typename Condition>
  bool eventually(Condition condition) {
    return runUntil(io, condition, kPatience);
  }
  std::optional<RoutingStatus> status() {
    auto reply = await(io, routing->status());
    return reply ? std::optional<RoutingStatus>(std::move(*reply)) : std::nullopt;
  }
  bool established() {
    const auto now = status();
    return now && now->peers.size() == 1 && now->peers[0].isEstablished();
  }
  void stop(StopMode mode) {
    await(io, routing->stop(mode, std::chrono::steady_clock::now() + 5s));
  }
  int pid() {
    const auto now = status();
    return now ? now->pid : 0;
  }

  test::ScopedNetns here;
  test::Netns there;
  asio::io_context io;
  TemporaryFolder run;
  std::string binary = birdUnderTest();
  std::unique_ptr<BirdRouting> routing;
};

// A controller in a separate process, which a test can stop (SIGSTOP) to simulate a host without
// CPU time. Announces kVip4, and kOther4 after announceOther().
class ControllerProcess {
 public:
  ControllerProcess(const Lab& lab, const core::RoutingConfig& model) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) run(lab.options(), model, ends[0]);
    orders_ = io::Descriptor(ends[1]);
    ::close(ends[0]);
  }
  ControllerProcess(const ControllerProcess&) = delete;
  ControllerProcess& operator=(const ControllerProcess&) = delete;
  ~ControllerProcess() {
    signal(SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
  }

  void signal(int number) const { ::kill(pid_, number); }
  void announceOther() const { REQUIRE(::write(orders_.get(), "a", 1) == 1); }

 private:
  [[noreturn]] static void run(const BirdOptions& options, const core::RoutingConfig& model,
                               int orders) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    asio::io_context io(1);
    BirdRouting routing(io, options);
    if (!routing.setModel(model)) _exit(1);
    routing.start();
    routing.announce(kVip4);
    routing.routesComplete();
    asio::posix::stream_descriptor pipe(io, orders);
    pipe.async_wait(asio::posix::stream_descriptor::wait_read,
                    [&routing](const boost::system::error_code&) { routing.announce(kOther4); });
    io.run();
    _exit(0);
  }

  pid_t pid_ = 0;
  io::Descriptor orders_;
};

}  // namespace bgplb::test::bird_lab
