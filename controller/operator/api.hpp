#pragma once
// The operator's HTTP API, on the plugin's socket beside dockerd's calls: a table of methods and
// paths. Every error is JSON, {"error": "..."}.
//
// `operator` is a keyword, so the namespace is bgplb::ops.

#include "http/message.hpp"
#include "io/task.hpp"

#include <functional>
#include <map>
#include <string>

namespace bgplb::ops {

inline constexpr const char* kJson = "application/json";

class Api {
 public:
  // The request lives until the handler's coroutine has ended.
  using Handler = std::function<Task<http::Answer>(const http::Request& request)>;

  // `path` without a query; a pair of method and path has one handler.
  void on(const std::string& method, const std::string& path, Handler handler);

  // 404 for an unknown path; 405 with the allowed methods for a known one.
  Task<http::Answer> answer(http::Request request) const;

 private:
  std::map<std::string, std::map<std::string, Handler>> handlers_;  // path, then method
};

http::Answer errorAnswer(unsigned status, const std::string& message);

}  // namespace bgplb::ops
