#include "driver/core/latency_floor.h"

#include <algorithm>
#include <cmath>

namespace ntsbox::driver {
namespace {

// A pulse that is further from the line than its usual noise, in spreads, is early or late for
// another reason. No interrupt is early.
constexpr double unusually_late = 3;
constexpr double unusually_early = 1.5;
constexpr double least_unusual = 1000;  // ns
// So many early ones in a row, and the floor fell: nothing else makes that many.
constexpr std::size_t floor_fell = 4;
constexpr double alike = 4;  // the reach of early ones that agree, in what is unusually late
// So many late ones in a row, and it may have risen.
constexpr std::size_t floor_may_have_risen = 4;
// A floor is level. What climbs by a third of its height from the first so many pulses to another
// so many is the clock, and its line was wrong.
constexpr std::size_t block = 20;
constexpr double climb = 1.0 / 3;

}  // namespace

LatencyFloor::Finding LatencyFloor::judge(const RawPulse& pulse, double above, double spread) {
  const double late = std::max(least_unusual, unusually_late * spread);
  early_ = above < -std::max(least_unusual, unusually_early * spread) ? early_ + 1 : 0;
  raised_ = above > late ? raised_ + 1 : 0;
  if (early_ == 1 || raised_ == 1) lowest_ = highest_ = above;
  lowest_ = std::min(lowest_, above);
  highest_ = std::max(highest_, above);
  if (raised_ >= floor_may_have_risen) return judge_raised(pulse, above);
  held_count_ = 0;
  return early_ > 0 ? judge_early(alike * late) : Finding::usual;
}

LatencyFloor::Finding LatencyFloor::judge_early(double reach) const {
  if (early_ < floor_fell) return Finding::early;
  return highest_ - lowest_ > reach ? Finding::lost : Finding::moved;
}

LatencyFloor::Finding LatencyFloor::judge_raised(const RawPulse& pulse, double above) {
  const auto in_block = held_count_ % block;
  lowest_of_late_ = in_block == 0 ? above : std::min(lowest_of_late_, above);
  if (in_block + 1 == block) {
    if (held_count_ < block) lowest_at_first_ = lowest_of_late_;
    const bool climbs = lowest_of_late_ - lowest_at_first_ > climb * lowest_;
    if (climbs || held_count_ + 1 == most_held) return Finding::moved;
  }
  held_[held_count_++] = pulse;
  return Finding::held;
}

std::size_t LatencyFloor::taken_back() const {
  return held_count_ == 1 ? floor_may_have_risen - 1 : 0;
}

nanoseconds LatencyFloor::step() const {
  return nanoseconds{std::llround(lowest_)};
}

std::span<const RawPulse> LatencyFloor::held() const {
  return std::span{held_}.first(held_count_);
}

}  // namespace ntsbox::driver
