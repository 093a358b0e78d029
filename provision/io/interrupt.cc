#include "provision/io/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace ntsbox::provision {
namespace {

volatile std::sig_atomic_t flag = 0;

void note(int) {
  flag = 1;
}

}  // namespace

void heed_interrupts() {
  struct sigaction action {};

  action.sa_handler = note;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) (void)::sigaction(number, &action, nullptr);
  (void)::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() {
  return flag != 0;
}

}  // namespace ntsbox::provision
