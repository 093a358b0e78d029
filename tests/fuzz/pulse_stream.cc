// Bytes of a pulse stream: cut into lines, each an edge or nothing.

#include <string>

#include "driver/core/lines.h"
#include "tests/fuzz/require.h"

using namespace ntsbox;
using namespace ntsbox::driver;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  LineFramer framer{longest_pulse_line};
  const auto take = [](std::string_view line) {
    fuzz::require(line.size() <= longest_pulse_line);
    const auto pulse = parse_pulse_line(line);
    if (!pulse) return;
    const auto again = parse_pulse_line(format_decimal_seconds(pulse->stamp.time_since_epoch()) +
                                        ' ' + std::to_string(pulse->sequence));
    fuzz::require(again && again->stamp == pulse->stamp && again->sequence == pulse->sequence);
  };
  framer.feed(fuzz::text_of(data, size), take);
  framer.feed("\n", take);
  return 0;
}
