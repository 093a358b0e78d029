#include "driver/core/envelope.h"

#include <algorithm>
#include <cmath>

namespace ntsbox::driver {
namespace {

// Few points are late under a line so low even when most pulses are. The level of one-sided
// lateness is told by its dense, early side, the better the lower; but one pulse in forty may be
// early, for another reason. Not quite a twentieth: two lines would often be equally good, and
// which is found a matter of where the search began.
constexpr double quantile = 0.05001;
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
  origin_.raw_minus_true += step;  // and the lines
}

void Envelope::fit(double spread) {
  if (count_ < enough) return;
  // Each line of before, as it is from the new pulse: it is mostly the best one still.
  const auto zero = point_of(pulses_[count_ - 1]);
  origin_ = pulses_[count_ - 1];
  std::array<Point, window> room{};
  const auto points = std::span{room}.first(count_);
  const auto known = std::span{pulses_}.first(count_);
  std::transform(known.begin(), known.end(), points.begin(),
                 [this](const RawPulse& pulse) { return point_of(pulse); });
  const auto find = [&](Line& line, std::size_t most) {
    const Line guess{line.at(zero.x) - zero.y, line.slope};
    line = quantile_line(points.last(std::min(count_, most)), quantile, guess);
  };

  find(usual_, usual);
  line_ = usual_;
  if (count_ > usual) {
    find(longer_, window);
    of_long_.see(usual_.level - longer_.level);
    const double apart = std::max(std::abs(of_long_.mean()), of_long_.deviation());
    line_ = between(longer_, usual_, share_of_shorter(apart, spread));
  }
  if (count_ > recent) {
    find(shorter_, recent);
    of_usual_.see(shorter_.level - usual_.level);
    line_ = between(*line_, shorter_, share_of_shorter(std::abs(of_usual_.mean()), spread));
  }
}

double Envelope::residual(const RawPulse& pulse) const {
  return above(*line_, pulse);
}

std::span<double> Envelope::residuals(std::span<double, usual> room) const {
  const auto last = std::span{pulses_}.first(count_).last(std::min(count_, usual));
  std::transform(last.begin(), last.end(), room.begin(),
                 [this](const RawPulse& pulse) { return above(usual_, pulse); });
  return room.first(last.size());
}

double Envelope::above(const Line& line, const RawPulse& pulse) const {
  const auto point = point_of(pulse);
  return point.y - line.at(point.x);
}

Point Envelope::point_of(const RawPulse& pulse) const {
  return {static_cast<double>((pulse.second - origin_.second).count()),
          static_cast<double>(minus(pulse.raw_minus_true, origin_.raw_minus_true).count())};
}

}  // namespace ntsbox::driver
