#include "driver/core/lateness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

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

constexpr int outliers_to_restart = 3;
// Kelly's skewness is 0 where lateness is symmetric and 0.46 where it is exponential.
constexpr double symmetric = 0.15;
constexpr double one_sided = 0.30;
constexpr double memory = 256;  // pulses
// Up to this noise a correction is not worth it: the line's own lag would cost more.
constexpr double quiet = 100;  // ns
constexpr double noisy = 300;
// An ordinary pulse is not clipped, not even among symmetric ones.
constexpr double least_clip = 200;  // ns
// Nor is what may be the lag of the line while the clock's frequency changes.
constexpr double far = 6;  // spreads
constexpr double least_far = 5000;

double at_share(std::span<const double> sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

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

nanoseconds Lateness::estimate(const Sample& sample, RawTime edge) {
  if (mode_ == LatenessMode::raw) return 0ns;
  const RawPulse pulse{sample.second, minus(edge.time_since_epoch(),
                                            sample.stamp.time_since_epoch() + sample.offset)};
  envelope_.age(pulse.second);
  if (!envelope_) outliers_ = 0;
  if (envelope_ && is_outlier(pulse)) return 0ns;
  if (is_for_line(pulse)) {
    envelope_.add(pulse);
    envelope_.fit(averaged_ > 0 ? (spread_ + mean_spread_) / 2 : spread_);
    if (envelope_) measure();
  }
  return envelope_ ? correction(envelope_.residual(pulse)) : 0ns;
}

/// Whether the pulse is too far from the line to belong to it. After several such pulses in a row
/// the line is dropped.
bool Lateness::is_outlier(const RawPulse& pulse) {
  if (std::abs(envelope_.residual(pulse)) <= static_cast<double>(most.count())) {
    outliers_ = 0;
    return false;
  }
  if (++outliers_ < outliers_to_restart) return true;
  envelope_ = {};
  return false;
}

/// Whether the pulse belongs to the line. When the minimum lateness changed, the earlier pulses are
/// shifted by that step, so that the slope stays known.
bool Lateness::is_for_line(const RawPulse& pulse) {
  if (envelope_.size() < Envelope::line24_pulses) {
    minimum_ = {};
    return true;
  }
  switch (minimum_.classify(pulse, envelope_.residual(pulse), spread_)) {
    case MinimumLateness::Change::on_line:
      return true;
    case MinimumLateness::Change::early:
      return false;
    case MinimumLateness::Change::held:
      envelope_.forget_last(minimum_.to_take_back());
      envelope_.extrapolate();
      return false;
    case MinimumLateness::Change::shifted:
      envelope_.shift(minimum_.step());
      for (const auto& held : minimum_.held()) envelope_.add(held);
      minimum_ = {};
      return true;
    case MinimumLateness::Change::inconsistent:
      envelope_ = {};
      return true;
  }
  return true;
}

/// Measures the distribution of the lateness.
void Lateness::measure() {
  std::array<double, Envelope::line48_pulses> above{};
  std::array<double, Envelope::line48_pulses> steps{};
  const auto residuals = envelope_.residuals(above);
  const auto changes = std::span{steps}.first(residuals.size() - 1);
  std::transform(residuals.begin() + 1, residuals.end(), residuals.begin(), changes.begin(),
                 [](double a, double b) { return std::abs(a - b); });
  std::sort(residuals.begin(), residuals.end());
  std::sort(changes.begin(), changes.end());
  noise_ = at_share(changes, 0.5);
  const double low = at_share(residuals, 0.1);
  const double middle = at_share(residuals, 0.5);
  const double high = at_share(residuals, 0.9);
  spread_ = middle;
  if (residuals.size() < Envelope::line24_pulses || high <= low) return;
  averaged_ = std::min(averaged_ + 1, memory);
  mean_spread_ += (spread_ - mean_spread_) / averaged_;
  skew_ += ((high + low - 2 * middle) / (high - low) - skew_) / averaged_;
}

double Lateness::share() const {
  switch (mode_) {
    case LatenessMode::raw:
    case LatenessMode::clip:
      return 0;
    case LatenessMode::line:
      return 1;
    case LatenessMode::automatic:
      break;
  }
  return ramp(skew_, symmetric, one_sided) * ramp(noise_, quiet, noisy);
}

nanoseconds Lateness::correction(double off) const {
  const double usual = mode_ == LatenessMode::automatic ? std::max(least_far, far * spread_)
                                                        : std::max(least_clip, spread_);
  const double clipped = std::max(0.0, off - usual);
  const double chosen = share() * off + (1 - share()) * clipped;
  return std::clamp(nanoseconds{std::llround(chosen)}, -most, most);
}

}  // namespace ntsbox::driver
