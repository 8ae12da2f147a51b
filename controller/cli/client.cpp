#include "cli/client.hpp"

#include "http/unix_client.hpp"
#include "json/read.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

// 64 hex digits, as in `docker plugin ls --no-trunc`.
bool isPluginId(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
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
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
    if (info.st_uid == 0 || info.st_uid == geteuid()) sockets.push_back(path.string());
  };
  consider(fs::path(folder) / kSocketName);
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    const bool isFolder = fs::is_directory(entry->symlink_status(ignored));
    if (isFolder && isPluginId(entry->path().filename().string()))
      consider(entry->path() / kSocketName);
  }
  std::sort(sockets.begin(), sockets.end());
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
