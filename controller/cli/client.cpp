#include "cli/client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <filesystem>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace bgplb::cli {

namespace {

constexpr const char* kSocketName = "bgplb.sock";
constexpr std::chrono::seconds kDeadline{10};

}  // namespace

std::vector<std::string> findSockets(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> sockets;
  std::error_code error;
  const auto consider = [&sockets](const fs::path& path) {
    std::error_code ignored;
    if (fs::is_socket(path, ignored)) sockets.push_back(path.string());
  };
  consider(fs::path(folder) / kSocketName);
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error)) consider(entry.path() / kSocketName);
  }
  return sockets;
}

Result<std::string> get(const std::string& socketPath, const std::string& path) {
  asio::io_context io(1);
  asio::local::stream_protocol::socket socket(io);
  boost::system::error_code outcome = asio::error::timed_out;
  boost::beast::flat_buffer buffer;
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, "bgplb");
  request.keep_alive(false);
  http::response<http::string_body> response;

  const auto onRead = [&](const boost::system::error_code& error, std::size_t) { outcome = error; };
  const auto onWritten = [&](const boost::system::error_code& error, std::size_t) {
    outcome = error;
    if (!error) {
      outcome = asio::error::timed_out;
      http::async_read(socket, buffer, response, onRead);
    }
  };
  socket.async_connect(asio::local::stream_protocol::endpoint(socketPath),
                       [&](const boost::system::error_code& error) {
                         outcome = error;
                         if (error) return;
                         outcome = asio::error::timed_out;
                         http::async_write(socket, request, onWritten);
                       });
  io.run_for(kDeadline);
  if (outcome) return unavailable(fmt::format("{}: {}", socketPath, outcome.message()));
  if (response.result_int() != 200) {
    return transient(fmt::format("{}: {} {}", socketPath, response.result_int(), response.body()));
  }
  return std::move(response.body());
}

}  // namespace bgplb::cli
