#include "tests/scenarios/parameters.h"

#include <chrono>

namespace ntsbox::scenarios {
namespace {

nanoseconds clock_error(Random& random) {
  const double which = random.uniform();
  if (which < 0.6) return span(random.uniform(-100e-6, 100e-6));
  if (which < 0.9) return span(random.uniform(-3, 3));
  // No battery: the clock starts where it was stopped, or in 1970.
  return -span(random.uniform(3600, 86'400.0 * 365 * 40));
}

UtcSecond start(Random& random) {
  const auto drawn =
      earliest_start + seconds{static_cast<std::int64_t>(random.uniform(0, 14.0 * 365 * 86'400))};
  if (!random.chance(0.2)) return drawn;
  // A fifth of the scenarios have a month's end on their first day.
  return drawn + seconds{first_month_end(drawn)} -
         seconds{static_cast<std::int64_t>(random.uniform(0.1, 0.9) * 86'400)};
}

}  // namespace

std::int64_t first_month_end(UtcSecond start) {
  const std::chrono::sys_seconds time{start.time_since_epoch()};
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  const std::chrono::sys_days next{(date.year() / date.month() + std::chrono::months{1}) / 1};
  return (std::chrono::sys_seconds{next} - time).count();
}

Parameters parameters_of(std::uint64_t seed) {
  Random random{seed, 1, 0};
  Parameters parameters;
  parameters.start = std::max(earliest_start, start(random));
  parameters.clock_error = clock_error(random);
  parameters.ppm = random.uniform(-100, 100);
  parameters.wander = static_cast<Wander>(random.below(3));
  parameters.disciplined = random.chance(0.8);
  parameters.phase = span(random.uniform());
  parameters.raw = random.chance(0.85);
  const bool good_clock = std::chrono::abs(parameters.clock_error) < 1ms;
  parameters.witness = good_clock && parameters.disciplined && random.chance(0.5);
  parameters.long_lies = parameters.witness && random.chance(0.5);
  parameters.device_is_set = random.chance(0.5);
  parameters.interrupt = static_cast<InterruptModel>(random.below(interrupt_models));
  parameters.delay = static_cast<DelayModel>(random.below(delay_models));
  // 600 bytes at 9600 baud, or over USB. On a slow line messages are not late besides.
  const bool slow_line = parameters.delay == DelayModel::steady && random.chance(0.5);
  parameters.burst = span(slow_line ? random.uniform(0.4, 0.75) : random.uniform(0.005, 0.2));
  const auto month_end = first_month_end(parameters.start);
  if (month_end > 1 && random.chance(0.3)) parameters.leap_at = month_end;
  // The clock does not follow the leap second, so it is wrong after it.
  if (parameters.leap_at >= 0) parameters.long_lies = false;
  return parameters;
}

}  // namespace ntsbox::scenarios
