// An event log, replayed to its end: each pulse has one outcome, and the counts add up.

#include "driver/core/event_log.h"

#include <string>

#include "tests/fuzz/require.h"

using namespace ntsbox;

namespace {

std::size_t occurrences(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto text = fuzz::text_of(data, size);
  driver::Replay replay;
  std::string decisions;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!replay.line(line, decisions)) break;
  }
  const auto outcomes = occurrences(decisions, R"({"decision":"sample")") +
                        occurrences(decisions, R"({"decision":"refused")");
  const auto told = R"("pulses":)" + std::to_string(outcomes) + ",";
  fuzz::require(replay.summary().find(told) != std::string::npos);
  return 0;
}
