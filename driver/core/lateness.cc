#include "driver/core/lateness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "driver/core/ramp.h"

namespace ntsbox::driver {
namespace {

constexpr int moved_away = 3;
// Kelly's skewness is 0 where lateness is symmetric and 0.46 where it is exponential.
constexpr double symmetric = 0.15;
constexpr double one_sided = 0.30;
constexpr double memory = 256;  // pulses
// Noise as small as this is not worth correcting: the line's own lag would cost more.
constexpr double quiet = 100;  // ns
constexpr double noisy = 300;
// An ordinary pulse is not clipped, not even among symmetric ones.
constexpr double least_clip = 200;  // ns
// Nor what may be the line's lag, when the clock's frequency is on the move.
constexpr double far = 6;  // spreads
constexpr double least_far = 5000;

double at_share(std::span<const double> sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

nanoseconds Lateness::judge(const Sample& sample, RawTime edge) {
  if (mode_ == LatenessMode::raw) return 0ns;
  const RawPulse pulse{sample.second, minus(edge.time_since_epoch(),
                                            sample.stamp.time_since_epoch() + sample.offset)};
  envelope_.age(pulse.second);
  if (!envelope_) strangers_ = 0;
  if (envelope_ && is_stranger(pulse)) return 0ns;
  if (is_for_line(pulse)) {
    envelope_.add(pulse);
    envelope_.fit(seen_ > 0 ? (spread_ + mean_spread_) / 2 : spread_);
    if (envelope_) measure();
  }
  return envelope_ ? correction(envelope_.residual(pulse)) : 0ns;
}

/// Whether the pulse has nothing to do with the line; if several in a row have not, the line ends.
bool Lateness::is_stranger(const RawPulse& pulse) {
  if (std::abs(envelope_.residual(pulse)) <= static_cast<double>(most.count())) {
    strangers_ = 0;
    return false;
  }
  if (++strangers_ < moved_away) return true;
  envelope_ = {};
  return false;
}

/// A floor that moved takes the pulses before it along, so that the slope stays known.
bool Lateness::is_for_line(const RawPulse& pulse) {
  if (envelope_.size() < Envelope::recent) {
    floor_ = {};
    return true;
  }
  switch (floor_.judge(pulse, envelope_.residual(pulse), spread_)) {
    case LatencyFloor::Finding::usual:
      return true;
    case LatencyFloor::Finding::early:
      return false;
    case LatencyFloor::Finding::held:
      envelope_.forget_last(floor_.taken_back());
      envelope_.extrapolate();
      return false;
    case LatencyFloor::Finding::moved:
      envelope_.move(floor_.step());
      for (const auto& held : floor_.held()) envelope_.add(held);
      floor_ = {};
      return true;
    case LatencyFloor::Finding::lost:
      envelope_ = {};
      return true;
  }
  return true;
}

/// The shape of the lateness.
void Lateness::measure() {
  std::array<double, Envelope::usual> above{};
  std::array<double, Envelope::usual> steps{};
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
  if (residuals.size() < Envelope::recent || high <= low) return;
  seen_ = std::min(seen_ + 1, memory);
  mean_spread_ += (spread_ - mean_spread_) / seen_;
  skew_ += ((high + low - 2 * middle) / (high - low) - skew_) / seen_;
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
