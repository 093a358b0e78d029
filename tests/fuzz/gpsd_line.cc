// Bytes as gpsd may send them: cut into lines, each line a report.

#include "driver/core/gpsd_report.h"
#include "driver/core/lines.h"
#include "tests/fuzz/require.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

struct Check {
  std::string_view line;

  void operator()(const FixReport& fix) const {
    fuzz::require(fix.mode >= 0 && fix.mode <= 3 && fix.status >= 0);
    if (fix.time) fuzz::require(fix.time->fraction >= 0ns && fix.time->fraction < 1s);
    fuzz::require(fix.device.size() <= line.size());
  }

  void operator()(const TimeReport& time) const {
    fuzz::require(time.real.fraction >= 0ns && time.real.fraction < 1s);
  }

  void operator()(const SkyReport& sky) const { fuzz::require(sky.satellites_used >= 0); }

  template <class Report>
  void operator()(const Report&) const {}
};

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static GpsdReportParser parser;
  const auto bytes = fuzz::text_of(data, size);
  std::size_t whole = 0;
  LineFramer framer{GpsdReportParser::max_line};
  const auto take = [&](std::string_view line) {
    ++whole;
    std::visit(Check{line}, parser.parse(line));
  };
  framer.feed(bytes, take);
  framer.feed("\n", take);

  // However the bytes were cut on their way (the first of them says how), the lines are the same.
  const std::size_t step = size == 0 ? 1 : 1 + data[0] % 64;
  std::size_t cut = 0;
  LineFramer dripped{GpsdReportParser::max_line};
  const auto count = [&](std::string_view) { ++cut; };
  for (std::size_t at = 0; at < bytes.size(); at += step)
    dripped.feed(bytes.substr(at, step), count);
  dripped.feed("\n", count);
  fuzz::require(whole == cut && framer.overlong() == dripped.overlong());
  return 0;
}
