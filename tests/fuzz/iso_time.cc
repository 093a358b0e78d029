// Times in words: ISO 8601 and decimal seconds.

#include <algorithm>
#include <string>

#include "base/time.h"
#include "tests/fuzz/require.h"

using namespace ntsbox;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  if (const auto time = parse_iso_utc(text)) {
    fuzz::require(time->fraction >= 0ns && time->fraction < 1s);
    // What was read is written the same, up to the fraction; a leap second as the next second.
    const auto written = format_iso_utc(time->second);
    const auto again = parse_iso_utc(written);
    fuzz::require(again && again->second == time->second && again->fraction == 0ns);
    const auto whole = std::string{text.substr(0, text.find_first_of(".Z"))} + 'Z';
    fuzz::require(written == whole || text.substr(17, 2) == "60");
  }
  if (const auto value = parse_decimal_seconds(text)) {
    const bool held = *value == nanoseconds::max() || *value == -nanoseconds::max();
    const auto again = parse_decimal_seconds(format_decimal_seconds(*value));
    fuzz::require(again && (*again == *value || held));
  }
  return 0;
}
