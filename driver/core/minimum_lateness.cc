#include "driver/core/minimum_lateness.h"

#include <algorithm>
#include <cmath>

namespace ntsbox::driver {
namespace {

// In spreads: a pulse that is further from the line is early or late for another reason than noise.
// No interrupt is early.
constexpr double unusually_late = 3;
constexpr double unusually_early = 1.5;
constexpr double least_unusual = 1000;  // ns
// After so many early pulses in a row the minimum fell: nothing else makes that many.
constexpr std::size_t early_to_shift = 4;
// How far early pulses that agree may lie apart, in units of what is unusually late.
constexpr double consistent = 4;
// After so many late pulses in a row it may have risen.
constexpr std::size_t late_to_hold = 4;
// A minimum is level. When the least lateness climbs by a third of its height from the first block
// of pulses to a later one, it is the clock that moves, and its line was wrong.
constexpr std::size_t block = 20;
constexpr double climb = 1.0 / 3;

}  // namespace

MinimumLateness::Change MinimumLateness::classify(const RawPulse& pulse, double above,
                                                  double spread) {
  const double late = std::max(least_unusual, unusually_late * spread);
  early_ = above < -std::max(least_unusual, unusually_early * spread) ? early_ + 1 : 0;
  raised_ = above > late ? raised_ + 1 : 0;
  if (early_ == 1 || raised_ == 1) lowest_ = highest_ = above;
  lowest_ = std::min(lowest_, above);
  highest_ = std::max(highest_, above);
  if (raised_ >= late_to_hold) return classify_raised(pulse, above);
  held_count_ = 0;
  return early_ > 0 ? classify_early(consistent * late) : Change::on_line;
}

MinimumLateness::Change MinimumLateness::classify_early(double reach) const {
  if (early_ < early_to_shift) return Change::early;
  return highest_ - lowest_ > reach ? Change::inconsistent : Change::shifted;
}

MinimumLateness::Change MinimumLateness::classify_raised(const RawPulse& pulse, double above) {
  const auto in_block = held_count_ % block;
  lowest_of_late_ = in_block == 0 ? above : std::min(lowest_of_late_, above);
  if (in_block + 1 == block) {
    if (held_count_ < block) lowest_at_first_ = lowest_of_late_;
    const bool climbs = lowest_of_late_ - lowest_at_first_ > climb * lowest_;
    if (climbs || held_count_ + 1 == most_held) return Change::shifted;
  }
  held_[held_count_++] = pulse;
  return Change::held;
}

std::size_t MinimumLateness::to_take_back() const {
  return held_count_ == 1 ? late_to_hold - 1 : 0;
}

nanoseconds MinimumLateness::step() const {
  return nanoseconds{std::llround(lowest_)};
}

std::span<const RawPulse> MinimumLateness::held() const {
  return std::span{held_}.first(held_count_);
}

}  // namespace ntsbox::driver
