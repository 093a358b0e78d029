#include "tests/scenarios/character.h"

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
  // Some lives see a month end on their first day.
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

Character character_of(std::uint64_t seed) {
  Random random{seed, 1, 0};
  Character character;
  character.start = std::max(earliest_start, start(random));
  character.clock_error = clock_error(random);
  character.ppm = random.uniform(-100, 100);
  character.wander = static_cast<Wander>(random.below(3));
  character.disciplined = random.chance(0.8);
  character.phase = span(random.uniform());
  character.raw = random.chance(0.85);
  const bool good_clock = std::chrono::abs(character.clock_error) < 1ms;
  character.witness = good_clock && character.disciplined && random.chance(0.5);
  character.long_lies = character.witness && random.chance(0.5);
  character.named_device = random.chance(0.5);
  character.interrupt = static_cast<InterruptModel>(random.below(interrupt_models));
  character.sentence = static_cast<SentenceModel>(random.below(sentence_models));
  // 600 bytes at 9600 baud, or over USB; a slow line is no place for sentences that are late.
  const bool slow_line = character.sentence == SentenceModel::steady && random.chance(0.5);
  character.burst = span(slow_line ? random.uniform(0.4, 0.75) : random.uniform(0.005, 0.2));
  const auto month_end = first_month_end(character.start);
  if (month_end > 1 && random.chance(0.3)) character.leap_at = month_end;
  // The clock does not follow it: a second off, it is no witness any more.
  if (character.leap_at >= 0) character.long_lies = false;
  return character;
}

}  // namespace ntsbox::scenarios
