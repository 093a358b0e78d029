// ntsbox-provision: makes a machine a Stratum 1 NTS server, and another one trust it.

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

#include "posix/clock.h"
#include "posix/stop.h"
#include "provision/cli.h"
#include "provision/io/posix_system.h"
#include "provision/verbs/server.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::provision;

const ProgramFrame frame{"ntsbox-provision", failed, usage};

int run(const Invocation& invocation) {
  const auto& options = invocation.options;
  const bool root = ::geteuid() == 0;
  if (invocation.needs_root && !root)
    return frame.error(needs_root, "only root can do this: try sudo");
  auto system = PosixSystem::open(options.root, options.boot);
  if (!system) return frame.error(usage, system.error().message);
  Screen screen{
      std::cout, std::cerr,
      ::isatty(STDOUT_FILENO) == 1 && !invocation.no_color && std::getenv("NO_COLOR") == nullptr,
      ::isatty(STDIN_FILENO) == 1};
  Context context{options, **system, screen, system_second()};
  catch_stop_signals({SIGINT, SIGTERM, SIGHUP});
  const auto ended = invocation.verb(context);
  if (ended) return *ended;
  print(context, ended.error());
  if (ended.error().code == failed && !root && (*system)->denied())
    return frame.error(needs_root, "only root can read all of this machine: try sudo");
  return ended.error().code;
}

}  // namespace

int main(int argc, char** argv) {
  return frame.run([&]() -> int {
    const auto parsed = parse_command_line(frame, argc, argv);
    if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
    return run(std::get<Invocation>(parsed));
  });
}
