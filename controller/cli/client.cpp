#include "cli/client.hpp"

#include "http/unix_client.hpp"
#include "json/read.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <optional>

namespace bgplb::cli {

namespace {

constexpr const char* kSocketName = "bgplb.sock";
constexpr std::size_t kQuotedBytes = 200;

Task<> fetch(http::UnixClient& client, std::string path, std::chrono::milliseconds deadline,
             std::optional<Result<http::Response>>& outcome) {
  std::string noBody;
  outcome = co_await client.request("GET", std::move(path), std::move(noBody), deadline);
}

// The reason in the JSON body of an error, or the beginning of another body.
std::string reasonIn(const std::string& body) {
  const auto object = parseObject(body);
  const std::string reason = object ? textOr(*object, "error") : "";
  return reason.empty() ? body.substr(0, kQuotedBytes) : reason;
}

}  // namespace

std::vector<std::string> findSockets(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> sockets;
  const auto consider = [&sockets](const fs::path& path) {
    std::error_code ignored;
    if (fs::is_socket(path, ignored)) sockets.push_back(path.string());
  };
  consider(fs::path(folder) / kSocketName);
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) consider(entry->path() / kSocketName);
  }
  return sockets;
}

Result<std::string> get(const std::string& socket, const std::string& path,
                        std::chrono::milliseconds deadline) {
  boost::asio::io_context io(1);
  http::UnixClient client(io, socket);
  std::optional<Result<http::Response>> outcome;
  // Rethrow an exception, so that it leaves io.run() and main() reports it.
  const auto onEnd = [](const std::exception_ptr& exception) {
    if (exception) std::rethrow_exception(exception);
  };
  boost::asio::co_spawn(io, fetch(client, path, deadline, outcome), onEnd);
  io.run();
  if (!outcome) return unavailable(socket + ": the request was not made");
  if (!*outcome) {
    const auto& error = outcome->error();
    return error.message.starts_with(socket) ? error : error.within(socket);
  }
  auto& response = **outcome;
  if (response.status != 200) {
    return transient(fmt::format("{}: {}: status {}: {}", socket, path, response.status,
                                 reasonIn(response.body)));
  }
  return std::move(response.body);
}

}  // namespace bgplb::cli
