// ntsbox-provision: makes a machine a Stratum 1 NTS server, and another one trust it.

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "provision/cli.h"
#include "provision/io/clock.h"
#include "provision/io/interrupt.h"
#include "provision/io/posix_system.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::provision;

int complain(ExitCode code, const std::string& message) {
  std::cerr << "ntsbox-provision: " << message << std::endl;
  return code;
}

int run(const Invocation& invocation) {
  const auto& options = invocation.options;
  const bool root = ::geteuid() == 0;
  if (invocation.needs_root && !root)
    return complain(needs_root, "only root can do this: try sudo");
  auto system = PosixSystem::open(options.root, options.boot);
  if (!system) return complain(usage, system.error().message);
  Screen screen{
      std::cout, std::cerr,
      ::isatty(STDOUT_FILENO) == 1 && !invocation.no_color && std::getenv("NO_COLOR") == nullptr,
      ::isatty(STDIN_FILENO) == 1};
  Context context{options, **system, screen, machine_time()};
  heed_interrupts();
  const auto code = invocation.verb(context);
  if (code == failed && !root && (*system)->denied())
    return complain(needs_root, "only root can read all of this machine: try sudo");
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = parse_command_line(argc, argv);
    if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
    return run(std::get<Invocation>(parsed));
  } catch (const std::exception& error) {
    return complain(failed, error.what());
  }
}
