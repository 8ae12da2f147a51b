#include "no_delay_command.hpp"

#include "bird/no_delay.hpp"
#include "cli/output.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace bgplb {

namespace {

int setNoDelay(pid_t bird) {
  const auto set = bird::becomeUserAndSetNoDelay(bird);
  if (set || set.error().kind == ErrorKind::NotFound) return 0;  // the next BIRD has new sessions
  cli::complain(set.error().message);
  return cli::kFailed;
}

}  // namespace

cli::Command noDelayCommand() {
  return {"no-delay", "", [](CLI::App& parser) {
            const auto bird = std::make_shared<pid_t>(0);
            parser.add_option("pid", *bird)->required()->check(CLI::PositiveNumber);
            return std::function<int()>([bird] { return setNoDelay(*bird); });
          }};
}

}  // namespace bgplb
