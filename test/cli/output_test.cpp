#include "cli/output.hpp"

#include "support/catch.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

// Otherwise a log line of `bgplb run 2>&-` would be written to the socket that got descriptor 2.
TEST_CASE("cli output: a closed standard descriptor is not given to the next file") {
  const int closed = GENERATE(STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(closed);
    bgplb::cli::reserveStandardDescriptors();
    const int next = open("/dev/null", O_RDWR);
    char byte = 'x';
    const bool isReserved = next > STDERR_FILENO;
    const bool fails =
        closed == STDIN_FILENO ? read(closed, &byte, 1) < 0 : write(closed, &byte, 1) < 0;
    _exit(isReserved && fails ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}
