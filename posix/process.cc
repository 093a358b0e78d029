#include "posix/process.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "posix/clock.h"

namespace ntsbox {
namespace {

bool journal = false;

volatile std::sig_atomic_t requested = 0;

// A signal that arrives just before the wait is noticed after it.
constexpr nanoseconds longest_wait = 250ms;

}  // namespace

void log_to_journal(bool is_journal) {
  journal = is_journal;
}

void log(Priority priority, std::string_view line) {
  std::string text;
  if (journal) text = {'<', static_cast<char>(priority), '>'};
  text.append(line).push_back('\n');
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

void protect_memory() {
  (void)::prctl(PR_SET_DUMPABLE, 0);
}

void catch_stop_signals(std::initializer_list<int> signals) {
  struct sigaction action {};

  action.sa_handler = [](int) { requested = 1; };
  // Without SA_RESTART: a signal ends a wait.
  for (const int signal : signals) (void)::sigaction(signal, &action, nullptr);
  (void)std::signal(SIGPIPE, SIG_IGN);
}

bool stop_requested() {
  return requested != 0;
}

bool wait_for(std::vector<pollfd>& polled, nanoseconds timeout) {
  if (stop_requested()) return false;
  const timespec time = timespec_of(std::clamp(timeout, nanoseconds{0}, longest_wait));
  (void)::ppoll(polled.data(), polled.size(), &time, nullptr);
  return !stop_requested();
}

}  // namespace ntsbox
