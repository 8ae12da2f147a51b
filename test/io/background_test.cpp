#include "io/background.hpp"

#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <future>
#include <thread>

using namespace bgplb;
using namespace std::chrono_literals;

namespace {

struct Call {
  std::optional<Result<int>> result;

  Call(boost::asio::io_context& io, std::function<Result<int>()> work) {
    boost::asio::co_spawn(io, io::inBackground<int>(std::move(work)),
                          [this](const std::exception_ptr& failure, Result<int> got) {
                            if (failure) std::rethrow_exception(failure);
                            result = std::move(got);
                          });
  }
};

}  // namespace

TEST_CASE("Background.ReturnsTheResult_AndTheEventLoopKeepsRunning") {
  boost::asio::io_context io;
  std::promise<int> answer;
  const auto shared = answer.get_future().share();
  Call call(io, [shared]() -> Result<int> { return shared.get(); });
  bool ticked = false;
  boost::asio::post(io, [&] { ticked = true; });
  CHECK(test::runUntil(io, [&] { return ticked; }));
  CHECK_FALSE(call.result);
  answer.set_value(7);
  REQUIRE(test::runUntil(io, [&] { return call.result.has_value(); }));
  CHECK(call.result->value() == 7);
}

TEST_CASE("Background.ReturnsAnError") {
  boost::asio::io_context io;
  Call call(io, []() -> Result<int> { return notFound("nothing"); });
  REQUIRE(test::runUntil(io, [&] { return call.result.has_value(); }));
  CHECK(call.result->error() == notFound("nothing"));
}

TEST_CASE("Background.TheThreadFreesTheData_AndNobodyCopiesIt") {
  struct Data {
    Data(std::promise<std::thread::id>& report, int& count) : freed(&report), copies(&count) {}
    Data(Data&& other) noexcept
        : freed(std::exchange(other.freed, nullptr)), copies(other.copies) {}
    Data(const Data& other) : copies(other.copies) { ++*copies; }
    ~Data() {
      if (freed != nullptr) freed->set_value(std::this_thread::get_id());
    }
    std::promise<std::thread::id>* freed = nullptr;
    int* copies;
  };
  std::promise<std::thread::id> freed;
  auto freedBy = freed.get_future();
  int copies = 0;
  boost::asio::io_context io;
  std::function<Result<int>()> work = [data = Data(freed, copies)]() -> Result<int> {
    return data.freed != nullptr ? 1 : 0;
  };
  Call call(io, std::move(work));
  REQUIRE(test::runUntil(io, [&] { return call.result.has_value(); }));
  CHECK(call.result->value() == 1);
  CHECK(copies == 0);
  REQUIRE(freedBy.wait_for(test::scaled(10s)) == std::future_status::ready);
  CHECK(freedBy.get() != std::this_thread::get_id());
}

TEST_CASE("Background.TheEventLoopDoesNotWaitForAStuckThread") {
  std::promise<int> never;
  const auto shared = never.get_future().share();
  const auto begin = std::chrono::steady_clock::now();
  {
    boost::asio::io_context io;
    const Call call(io, [shared]() -> Result<int> { return shared.get(); });
    test::runReady(io);
  }
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  never.set_value(1);  // lets the thread end after its event loop
}
