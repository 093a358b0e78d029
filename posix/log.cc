#include "posix/log.h"

#include <unistd.h>

#include <string>

namespace ntsbox {
namespace {

bool journal = false;

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

}  // namespace ntsbox
