#include "pps/io/stop.h"

#include <algorithm>
#include <csignal>

#include "base/timespec.h"

namespace ntsbox::pps {
namespace {

volatile std::sig_atomic_t asked = 0;

// Whoever stops in the moment before the wait is heard after so long.
constexpr nanoseconds longest_wait = 250ms;

}  // namespace

void heed_signals() {
  struct sigaction action {};

  action.sa_handler = [](int) { asked = 1; };
  // Without SA_RESTART: a wait shall end.
  for (const int signal : {SIGINT, SIGTERM}) (void)::sigaction(signal, &action, nullptr);
  (void)std::signal(SIGPIPE, SIG_IGN);
}

bool asked_to_stop() {
  return asked != 0;
}

bool wait_for(std::vector<pollfd>& polled, nanoseconds patience) {
  if (asked_to_stop()) return false;
  const auto most = std::clamp(patience, nanoseconds{0}, longest_wait);
  const timespec time = timespec_of(most);
  (void)::ppoll(polled.data(), polled.size(), &time, nullptr);
  return !asked_to_stop();
}

}  // namespace ntsbox::pps
