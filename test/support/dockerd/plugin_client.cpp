#include "support/dockerd/plugin_client.hpp"

#include "io/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace bgplb::test {

namespace {

Task<> exchange(asio::io_context& io, std::string socketPath,
                http::request<http::string_body> request, std::optional<PluginAnswer>& answer) {
  asio::local::stream_protocol::socket socket(io);
  const asio::local::stream_protocol::endpoint endpoint(socketPath);
  auto [connectError] = co_await socket.async_connect(endpoint, asTuple);
  if (connectError) co_return;
  auto [writeError, written] = co_await http::async_write(socket, request, asTuple);
  if (writeError) co_return;
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  auto [readError, got] = co_await http::async_read(socket, buffer, response, asTuple);
  if (readError) co_return;
  answer.emplace(PluginAnswer{response.result_int(), std::move(response.body())});
}

}  // namespace

std::optional<PluginAnswer> callPlugin(const std::string& socketPath, const std::string& call,
                                       const std::string& body,
                                       std::chrono::milliseconds deadline) {
  http::request<http::string_body> request(http::verb::post, "/" + call, 11);
  request.set(http::field::host, "plugin.moby.localhost");
  request.set(http::field::accept, "application/vnd.docker.plugins.v1.2+json");
  request.body() = body;
  request.prepare_payload();
  std::optional<PluginAnswer> answer;
  const auto began = std::chrono::steady_clock::now();
  asio::io_context io(1);
  asio::co_spawn(io, exchange(io, socketPath, std::move(request), answer), asio::detached);
  io.run_for(deadline);
  if (answer) {
    answer->took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
  }
  return answer;
}

}  // namespace bgplb::test
