#include "core/signals.hpp"

#include "docker/engine_codec.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <string>
#include <utility>

using namespace bgplb;

namespace {

core::Container container(const std::string& stopSignal) {
  core::Container made;
  made.stopSignal = docker::parseSignal(stopSignal);
  return made;
}

}  // namespace

// The stop signals of well-known images: nginx and php-fpm, httpd, haproxy, postgres, systemd.
TEST_CASE("Signals.ADrainedContainerGetsItsOwnStopSignal") {
  for (const char* own : {"SIGTERM", "SIGQUIT", "SIGWINCH", "SIGUSR1", "SIGINT", "SIGRTMIN+3"}) {
    INFO(own);
    CHECK(core::signalName(core::finalSignal(container(own))) == own);
  }
  CHECK(core::finalSignal(container("SIGUSR2")) == SIGTERM);
}

TEST_CASE("Signals.ARequestToStopIsAnySignalThatUsuallyEndsAServer") {
  const core::Container nginx = container("SIGQUIT");
  const core::Container httpd = container("SIGWINCH");
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGKILL}) {
    CHECK(core::isStopRequest(signal, nginx));
    CHECK(core::isStopRequest(signal, httpd));
  }
  CHECK(core::isStopRequest(SIGWINCH, httpd));
  for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {
    CHECK_FALSE(core::isStopRequest(signal, nginx));
  }
}

TEST_CASE("Signals.NamesAreThoseOfDocker") {
  for (int signal = 1; signal <= core::kDockerRtMax; ++signal) {
    INFO(signal);
    CHECK(docker::parseSignal(core::signalName(signal)) == signal);
  }
}
