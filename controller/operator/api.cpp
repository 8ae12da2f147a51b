#include "operator/api.hpp"

#include "base/printable.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace bgplb::ops {

namespace {

constexpr std::size_t kQuotedBytes = 100;

}  // namespace

void Api::on(const std::string& method, const std::string& path, Handler handler) {
  handlers_[path][method] = std::move(handler);
}

Task<http::Answer> Api::answer(http::Request request) const {
  const auto path = handlers_.find(request.path);
  if (path == handlers_.end()) {
    co_return errorAnswer(404,
                          fmt::format("unknown path {}", request.path.substr(0, kQuotedBytes)));
  }
  const auto method = path->second.find(request.method);
  if (method == path->second.end()) {
    std::string allowed;
    for (const auto& [name, handler] : path->second) {
      allowed += (allowed.empty() ? "" : ", ") + name;
    }
    auto refusal = errorAnswer(405, fmt::format("{}: use {}", request.path, allowed));
    refusal.allow = std::move(allowed);
    co_return refusal;
  }
  co_return co_await method->second(request);
}

http::Answer errorAnswer(unsigned status, const std::string& message) {
  const boost::json::object body{{"error", printable(message)}};
  return {status, kJson, boost::json::serialize(body), {}};
}

}  // namespace bgplb::ops
