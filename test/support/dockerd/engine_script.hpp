#pragma once
// The scripted failures of the fake dockerd, by path without version and query ("/networks",
// "/containers/ID/json"). A pattern that ends in * covers all paths with this prefix. Several rules
// may cover one path.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::test {

class EngineScript {
 public:
  // The next `times` requests get this status.
  void fail(std::string pattern, int times, unsigned status);
  // Every answer is delayed by `time`.
  void delay(std::string pattern, std::chrono::milliseconds time);
  // Answers wait for release(). Without release() a request is never answered.
  void hold(std::string pattern);
  void release(const std::string& pattern);

  // Uses up one failure and returns its status; 0: the request does not fail.
  unsigned takeFailure(std::string_view path);
  std::chrono::milliseconds delayOf(std::string_view path) const;
  bool isHeld(std::string_view path) const;

 private:
  struct Failure {
    std::string pattern;
    int left;
    unsigned status;
  };
  struct Delay {
    std::string pattern;
    std::chrono::milliseconds time;
  };
  std::vector<Failure> failures_;
  std::vector<Delay> delays_;
  std::vector<std::string> holds_;
};

bool covers(std::string_view pattern, std::string_view path);

}  // namespace bgplb::test
