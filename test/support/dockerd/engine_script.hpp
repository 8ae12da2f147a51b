#pragma once
// What the fake dockerd does wrong, by path. Paths have neither version nor query ("/networks",
// "/containers/ID/json"); a pattern that ends in * covers every path that begins with what is
// before it. Several rules may cover one path.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::test {

class EngineScript {
 public:
  // The next `times` requests are answered with this status.
  void fail(std::string pattern, int times, unsigned status);
  // Every answer comes so much later.
  void delay(std::string pattern, std::chrono::milliseconds time);
  // No answer, until release(): what is never released never answers.
  void hold(std::string pattern);
  void release(const std::string& pattern);

  // The status that this request fails with, which uses up one failure; 0: it does not fail.
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
