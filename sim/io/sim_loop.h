#pragma once
// The running simulator: one thread, which waits for the next edge, sentence, client or command.

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/core/command.h"
#include "sim/core/receiver.h"

namespace ntsbox::sim {

struct SimOptions {
  std::string pty;      // the link; "" = no sentences
  std::string pulses;   // the stream's socket; "" = none
  std::string control;  // "" = none
  std::string truth;    // "" = none; an existing file is truncated
  nanoseconds offset{};
  double drift_ppm = 0;
  unsigned baud = 0;  // 0 = at once
  ReceiverOptions receiver;
  std::vector<Scheduled> schedule;
};

/// Simulates a receiver until SIGINT, SIGTERM or SIGHUP comes, or the command "quit". Opens what
/// `options` names, and then calls `ready` with what it has opened: "pty /run/x/gps (/dev/pts/5)
/// pulses /run/x/pulses.sock". Prints lines for the user, without their ends, by `log`. Fails when
/// something cannot be opened, or the truth file can no longer be written; what it has made is
/// removed in any case.
[[nodiscard]] Result<void> simulate(SimOptions options,
                                    const std::function<void(const std::string& line)>& log,
                                    const std::function<void(const std::string& opened)>& ready);

}  // namespace ntsbox::sim
