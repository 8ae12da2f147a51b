#include "support/unkillable.hpp"

#include <sys/prctl.h>
#include <sys/ptrace.h>

#include <iostream>

TEST_CASE("Helper.Unkillable", "[.unkillable]") {
  std::string gate;
  std::getline(std::cin, gate);
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  if (fork() == 0) {
    alarm(30);  // end the tracer even if the test fails
    if (ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr) != 0) _exit(1);
    _exit(open(gate.c_str(), O_RDONLY) < 0);  // blocks until release() opens the other end
  }
  while (true) pause();
}
