#include "driver/core/envelope.h"

#include <algorithm>
#include <cmath>

namespace ntsbox::driver {
namespace {

// Few points are late under a line so low even when most pulses are. The level of one-sided
// lateness is told by its dense, early side, the better the lower; but one pulse in forty may be
// early, for another reason.
constexpr double quantile = 0.05;
constexpr std::size_t enough = 3;
constexpr double mean_memory = 16;  // pulses
constexpr double square_memory = 256;
// Two lines keep apart by more than noise, in spreads.
constexpr double straight = 0.12;
constexpr double bent = 0.3;

/// How much of a shorter line to take, for lines that keep that far apart.
double share_of_shorter(double apart, double spread) {
  if (apart <= straight * spread) return 0;
  return std::clamp((apart - straight * spread) / ((bent - straight) * spread), 0.0, 1.0);
}

Line between(const Line& a, const Line& b, double share) {
  return {a.level + share * (b.level - a.level), a.slope + share * (b.slope - a.slope)};
}

}  // namespace

void Bend::see(double apart) {
  mean_ += (apart - mean_) / mean_memory;
  seen_ = std::min(seen_ + 1, square_memory);
  square_ += (apart * apart - square_) / seen_;
}

double Bend::deviation() const {
  return std::sqrt(square_);
}

void Envelope::age(UtcSecond now) {
  if (count_ == 0) return;
  const auto& last = pulses_[count_ - 1].second;
  const auto known = std::span{pulses_}.first(count_);
  const auto young = std::find_if(known.begin(), known.end(), [&](const RawPulse& pulse) {
    return now > last && now - last <= gap && now - pulse.second <= reach;
  });
  std::move(young, known.end(), known.begin());
  count_ = static_cast<std::size_t>(known.end() - young);
  if (count_ < enough && line_) *this = {};
}

void Envelope::add(const RawPulse& pulse) {
  if (count_ == window) {
    std::move(pulses_.begin() + 1, pulses_.end(), pulses_.begin());
    --count_;
  }
  pulses_[count_++] = pulse;
}

void Envelope::move(nanoseconds step) {
  for (auto& pulse : pulses_) pulse.raw_minus_true += step;
}

void Envelope::fit(double spread) {
  if (count_ < enough) return;
  const Line guess{0, line_ ? line_->slope : 0};
  origin_ = pulses_[count_ - 1];
  std::array<Point, window> room{};
  const auto points = std::span{room}.first(count_);
  const auto known = std::span{pulses_}.first(count_);
  std::transform(known.begin(), known.end(), points.begin(),
                 [this](const RawPulse& pulse) { return point_of(pulse); });

  usual_ = quantile_line(points.last(std::min(count_, usual)), quantile, guess);
  line_ = usual_;
  if (count_ > usual) {
    const auto longer = quantile_line(points, quantile, usual_);
    of_long_.see(usual_.level - longer.level);
    const double apart = std::max(std::abs(of_long_.mean()), of_long_.deviation());
    line_ = between(longer, usual_, share_of_shorter(apart, spread));
  }
  if (count_ > recent) {
    const auto shorter = quantile_line(points.last(recent), quantile, usual_);
    of_usual_.see(shorter.level - usual_.level);
    line_ = between(*line_, shorter, share_of_shorter(std::abs(of_usual_.mean()), spread));
  }
}

double Envelope::residual(const RawPulse& pulse) const {
  const auto point = point_of(pulse);
  return point.y - line_->at(point.x);
}

std::span<double> Envelope::residuals(std::span<double, usual> room) const {
  const auto last = std::span{pulses_}.first(count_).last(std::min(count_, usual));
  std::transform(last.begin(), last.end(), room.begin(), [this](const RawPulse& pulse) {
    const auto point = point_of(pulse);
    return point.y - usual_.at(point.x);
  });
  return room.first(last.size());
}

Point Envelope::point_of(const RawPulse& pulse) const {
  return {static_cast<double>((pulse.second - origin_.second).count()),
          static_cast<double>(minus(pulse.raw_minus_true, origin_.raw_minus_true).count())};
}

}  // namespace ntsbox::driver
