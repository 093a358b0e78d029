#include "tests/scenarios/clocks.h"

#include <utility>

namespace ntsbox::scenarios {
namespace {

// The clocks that count from boot, at the start.
constexpr nanoseconds raw_at_start = 900s;
constexpr nanoseconds monotonic_at_start = 1000s;

nanoseconds run(nanoseconds elapsed, double ppm) {
  return elapsed + nanoseconds{static_cast<std::int64_t>(static_cast<double>(elapsed.count()) *
                                                         (ppm * 1e-6))};
}

}  // namespace

MachineClocks::MachineClocks(ClockOptions options, const Oscillator& oscillator)
    : options_(std::move(options)), oscillator_(oscillator) {
  const auto start = options_.phase - 1s;
  now_ = Stretch{start, raw_at_start + start, monotonic_at_start + start, oscillator_.ppm(),
                 options_.disciplined ? 0 : oscillator_.ppm()};
  next_ = after(now_);
}

MachineClocks::Stretch MachineClocks::after(const Stretch& stretch) {
  const auto start = stretch.start + 1s;
  const double wander = oscillator_.next_wander();
  const double lasting = options_.disciplined ? 0 : oscillator_.ppm();
  return Stretch{start, stretch.raw + run(1s, stretch.raw_ppm),
                 stretch.monotonic + run(1s, stretch.monotonic_ppm), oscillator_.ppm() + wander,
                 lasting + wander + slew_ppm(start)};
}

void MachineClocks::advance(SinceStart now) {
  while (now >= next_.start) {
    now_ = next_;
    next_ = after(now_);
  }
  while (steps_done_ < options_.steps.size() && options_.steps[steps_done_].when <= now)
    stepped_ += options_.steps[steps_done_++].by;
  while (slews_done_ < options_.slews.size() && options_.slews[slews_done_].until + 2s <= now)
    ++slews_done_;
}

const MachineClocks::Stretch& MachineClocks::stretch_of(SinceStart when) const {
  return when >= next_.start ? next_ : now_;
}

nanoseconds MachineClocks::raw(SinceStart when) const {
  const auto& stretch = stretch_of(when);
  return stretch.raw + run(when - stretch.start, stretch.raw_ppm);
}

nanoseconds MachineClocks::monotonic(SinceStart when) const {
  const auto& stretch = stretch_of(when);
  return stretch.monotonic + run(when - stretch.start, stretch.monotonic_ppm);
}

nanoseconds MachineClocks::system(SinceStart when) const {
  return options_.system_at_start + monotonic(when) - monotonic_at_start + stepped(when);
}

nanoseconds MachineClocks::stepped(SinceStart when) const {
  auto sum = stepped_;
  for (auto i = steps_done_; i < options_.steps.size() && options_.steps[i].when <= when; ++i)
    sum += options_.steps[i].by;
  return sum;
}

double MachineClocks::slew_ppm(SinceStart when) const {
  double sum = 0;
  for (auto i = slews_done_; i < options_.slews.size() && options_.slews[i].from <= when; ++i)
    if (when < options_.slews[i].until) sum += options_.slews[i].ppm;
  return sum;
}

bool MachineClocks::slewing(SinceStart when) const {
  return slew_ppm(when) != 0;
}

}  // namespace ntsbox::scenarios
