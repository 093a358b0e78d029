#include "driver/core/envelope.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "driver/core/ramp.h"

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
// Two lines keep apart by more than noise, in spreads: those of 24, 48 and 96 pulses.
constexpr double straight = 0.08;
constexpr double bent = 0.30;
// The mean of exponential lateness, in spreads: from its twentieth to its median.
constexpr double mean_lateness = 1 / 0.642;
// Pulses that are all late say that the line is wrong. By chance they would be once in e to the
// power of so much: in 400, and in 8000.
constexpr double unlikely = 6;
constexpr double most_unlikely = 9;

Line between(const Line& a, const Line& b, double share) {
  return {a.level + share * (b.level - a.level), a.slope + share * (b.slope - a.slope)};
}

/// Of the last n points, for each n, n times what the earliest is above the line, in ns: the most.
/// In mean latenesses this is how unlikely they are, were the line right: the logarithm, since
/// each would be that late or more with a chance of exp(-above / mean).
double all_late(std::span<const Point> points, const Line& line) {
  double earliest = std::numeric_limits<double>::infinity();
  double most = 0;
  double n = 0;
  for (auto point = points.rbegin(); point != points.rend() && earliest > 0; ++point) {
    earliest = std::min(earliest, point->y - line.at(point->x));
    most = std::max(most, ++n * earliest);
  }
  return most;
}

}  // namespace

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
  move_origin();
  std::array<Point, window> room{};
  const auto points = std::span{room}.first(count_);
  const auto known = std::span{pulses_}.first(count_);
  std::transform(known.begin(), known.end(), points.begin(),
                 [this](const RawPulse& pulse) { return point_of(pulse); });
  const auto& longest = find_steady(points, spread);
  line_ = steady_;
  if (count_ > recent) find_bent(points, longest, spread);
}

/// To the last pulse. Each line is mostly the best one still, and is where to search first.
void Envelope::move_origin() {
  const auto& last = pulses_[count_ - 1];
  const auto zero = point_of(last);
  for (auto* line : {&usual_, &longer_[0].line, &longer_[1].line, &shorter_})
    *line = {line->at(zero.x) - zero.y, line->slope};
  origin_ = last;
}

/// The line while the clock runs straight. What is returned is the longest there is.
const Line& Envelope::find_steady(std::span<const Point> points, double spread) {
  usual_ = quantile_line(points.last(std::min(count_, usual)), quantile, usual_);
  steady_ = usual_;
  const auto* longest = &usual_;
  double unit = spread;
  for (auto& [pulses, line, square, seen] : longer_) {
    if (count_ <= pulses / 2) break;
    line = quantile_line(points.last(std::min(count_, pulses)), quantile, line);
    const double apart = longest->level - line.level;
    seen = std::min(seen + 1, square_memory);
    square += (apart * apart - square) / seen;
    steady_ = between(line, steady_, ramp(std::sqrt(square), straight * unit, bent * unit));
    longest = &line;
    unit /= 2;  // a line's noise is as the inverse of its length
  }
  return *longest;
}

/// The line as far as the clock does not run straight. Early pulses show it at once: none is by
/// chance. Late ones are by chance now and then, some of them in a row too.
void Envelope::find_bent(std::span<const Point> points, const Line& longest, double spread) {
  const auto last = points.last(recent);
  shorter_ = quantile_line(last, quantile, shorter_);
  bend_ += (shorter_.level - usual_.level - bend_) / mean_memory;
  double share = ramp(std::abs(bend_), straight * spread, bent * spread);
  const double late = mean_lateness * spread;
  if (bend_ > 0) share *= ramp(all_late(last, longest), unlikely * late, most_unlikely * late);
  line_ = between(steady_, shorter_, share);
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
