#include "operator/api.hpp"

#include "docker/plugin_http.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include <optional>

using namespace bgplb;
using namespace bgplb::test;

namespace {

Task<> answerInto(const ops::Api& api, http::Request request, std::optional<http::Answer>& answer) {
  answer = co_await api.answer(std::move(request));
}

http::Answer call(const ops::Api& api, const std::string& method, const std::string& path) {
  boost::asio::io_context io;
  std::optional<http::Answer> answer;
  http::Request request{method, path, "query", "body"};
  boost::asio::co_spawn(io, answerInto(api, std::move(request), answer),
                        [](const std::exception_ptr& thrown) { CHECK_FALSE(thrown); });
  io.run();
  REQUIRE(answer);
  return *answer;
}

Task<http::Answer> echo(const char* name, const http::Request& request) {
  co_return http::Answer{
      200, "text/plain", std::string(name) + " " + request.query + " " + request.body, {}};
}

ops::Api sample() {
  ops::Api api;
  api.on("GET", "/drain", [](const http::Request& request) { return echo("get", request); });
  api.on("POST", "/drain", [](const http::Request& request) { return echo("post", request); });
  api.on("GET", "/status", [](const http::Request& request) { return echo("status", request); });
  return api;
}

}  // namespace

TEST_CASE("operator api: method and path select the handler") {
  const auto api = sample();
  CHECK(call(api, "GET", "/drain").body == "get query body");
  CHECK(call(api, "POST", "/drain").body == "post query body");
  CHECK(call(api, "GET", "/status").body == "status query body");
}

TEST_CASE("operator api: other methods and paths get a JSON error") {
  const auto api = sample();
  const auto [method, path, status, allow] =
      GENERATE(table<std::string, std::string, unsigned, std::string>({
          {"PUT", "/drain", 405, "GET, POST"},
          {"POST", "/status", 405, "GET"},
          {"get", "/status", 405, "GET"},
          {"GET", "/", 404, ""},
          {"GET", "", 404, ""},
          {"GET", "/status/", 404, ""},
          {"POST", "/\x1b\xff" + std::string(5000, 'x'), 404, ""},
      }));
  CAPTURE(method, path);
  const auto answer = call(api, method, path);
  CHECK(answer.status == status);
  CHECK(answer.allow == allow);
  CHECK(answer.contentType == "application/json");
  const auto body = boost::json::parse(answer.body);
  CHECK_FALSE(body.at("error").as_string().empty());
  CHECK(body.at("error").as_string().size() < 500);
}

TEST_CASE("operator api: its paths and those of plugin calls are distinguished") {
  for (const char* path : {"/Plugin.Activate", "/NetworkDriver.Join", "/IpamDriver.ReleasePool",
                           "/NetworkDriver.OfALaterDocker"}) {
    CHECK(docker::isPluginCall(path));
  }
  for (const char* path : {"/status", "/", "", "/explain/web.example", "NetworkDriver.Join"}) {
    CHECK_FALSE(docker::isPluginCall(path));
  }
}
