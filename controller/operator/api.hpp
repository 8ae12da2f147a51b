#pragma once
// The operator's HTTP API: dispatches requests by method and path. App owns it and passes it every
// request on the plugin's socket that is not a plugin call of dockerd. Every error is JSON,
// {"error": "..."}.
//
// `operator` is a C++ keyword, so the namespace is bgplb::ops.

#include "http/message.hpp"
#include "io/task.hpp"

#include <functional>
#include <map>
#include <string>

namespace bgplb::ops {

inline constexpr const char* kJson = "application/json";

class Api {
 public:
  // The request outlives the coroutine of the handler.
  using Handler = std::function<Task<http::Answer>(const http::Request& request)>;

  // Registers the handler of a method and path. `path` has no query.
  void on(const std::string& method, const std::string& path, Handler handler);

  // Unknown path: 404. Known path with another method: 405 with the allowed methods.
  Task<http::Answer> answer(http::Request request) const;

 private:
  std::map<std::string, std::map<std::string, Handler>> handlers_;  // path, then method
};

http::Answer errorAnswer(unsigned status, const std::string& message);

}  // namespace bgplb::ops
