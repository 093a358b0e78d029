#include "driver/core/lateness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "driver/core/ramp.h"

namespace ntsbox::driver {
namespace {

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
