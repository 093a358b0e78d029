#include "driver/core/envelope.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

namespace ntsbox::driver {
namespace {

// A handful of steps is the rule. More are spent only where several lines are equally good.
constexpr int most_steps = 20;

// Where three points are on one line, as stamps of a coarse clock are, the search could end on a
// line that is best for two of them alone. So it goes by points that are bent along a parabola, by
// less than 2e-3 within 384.
constexpr double bow = 1e-8;

/// The slope to another point, from the one that the line turns about, and the other's lever.
struct Spoke {
  double slope = 0;
  double lever = 0;
  std::size_t to = 0;
};

/// The point nearest to the line, of those that are not at the second of `but`.
std::size_t nearest(std::span<const Point> points, const Line& line,
                    std::optional<double> but = std::nullopt) {
  std::size_t found = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double off = std::abs(points[i].y - line.at(points[i].x));
    if (off >= least || points[i].x == but) continue;
    found = i;
    least = off;
  }
  return found;
}

/// Whether the sum falls when the line turns about the point `centre`, away from `other`: by its
/// derivative on both sides, which no more than one look at each point tells. Where others are on
/// the line too it may be told to fall and does not.
bool falls_about(std::span<const Point> points, double quantile, std::size_t centre,
                 std::size_t other) {
  const auto& [x, y] = points[centre];
  const double lever = points[other].x - x;
  const double slope = (points[other].y - y) / lever;
  double pull = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i == other) continue;
    const double along = points[i].x - x;
    pull += (points[i].y - y > slope * along ? quantile : quantile - 1) * along;
  }
  return pull / lever < -quantile || pull / lever > 1 - quantile;
}

/// The point to which the best line through `centre` goes, found by turning it from the steepest
/// fall upwards: at each other point that it meets, the sum's derivative grows by that one's lever.
std::size_t best_through(std::span<const Point> points, double quantile, std::size_t centre) {
  std::array<Spoke, most_points> spokes{};
  std::size_t count = 0;
  double descent = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double lever = points[i].x - points[centre].x;
    if (lever == 0) continue;
    spokes[count++] = {(points[i].y - points[centre].y) / lever, std::abs(lever), i};
    descent += lever > 0 ? quantile * lever : (1 - quantile) * -lever;
  }
  // The half in which the derivative turns, and again.
  auto first = spokes.begin();
  auto last = first + static_cast<std::ptrdiff_t>(count);
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last,
                     [](const Spoke& a, const Spoke& b) { return a.slope < b.slope; });
    const double rest = std::accumulate(
        first, middle, descent, [](double sum, const Spoke& spoke) { return sum - spoke.lever; });
    if (rest > 0) {
      descent = rest;
      first = middle;
    } else {
      last = middle;
    }
  }
  return first->to;
}

// The lower the quantile, the fewer late pulses affect the line: the early side of one-sided
// lateness is dense. But one pulse in forty may be early for another reason. It is not exactly a
// twentieth, where two lines would often be equally good, and the start of the search would decide.
constexpr double line_quantile = 0.05001;
constexpr std::size_t enough = 3;
constexpr double mean_memory = 16;  // pulses
constexpr double square_memory = 256;
// By how much, in spreads, two lines differ by noise alone, and by more than noise.
constexpr double straight = 0.08;
constexpr double bent = 0.30;
// The mean of exponential lateness, in spreads (from its twentieth to its median).
constexpr double mean_lateness = 1 / 0.642;
// When the last pulses are all late, the line is wrong. The chance that it is not is e to the power
// of minus this: 1 in 400, and 1 in 8000.
constexpr double unlikely = 6;
constexpr double most_unlikely = 9;

Line between(const Line& a, const Line& b, double share) {
  return {a.level + share * (b.level - a.level), a.slope + share * (b.slope - a.slope)};
}

/// The maximum over n of n times the least height above the line of the last n points, in ns.
/// Divided by the mean lateness it is the negative logarithm of the chance of such points with a
/// right line, since each is `above` late or more with a chance of exp(-above / mean).
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

Line quantile_line(std::span<const Point> points, double quantile, const Line& guess) {
  assert(points.size() >= 2 && points.size() <= most_points);
  std::array<Point, most_points> copies{};
  const auto end = std::transform(points.begin(), points.end(), copies.begin(), [](const Point& p) {
    return Point{p.x, p.y + bow * p.x * p.x};
  });
  const std::span<const Point> curved{copies.begin(), end};
  // The best line goes through two points (it is a vertex of a linear program). So the line turns
  // about one point until it is best, then about the other that it met: best for both is best.
  std::size_t centre = nearest(points, guess);
  std::size_t other = nearest(points, guess, points[centre].x);
  int best = 0;  // for how many of the two
  for (int step = 0; best < 2 && step < most_steps; ++step) {
    const auto met = falls_about(curved, quantile, centre, other)
                         ? best_through(curved, quantile, centre)
                         : other;
    best = met == other ? best + 1 : 1;
    other = std::exchange(centre, met);
  }
  const auto& [x, y] = points[centre];
  const double slope = (points[other].y - y) / (points[other].x - x);
  return {y - slope * x, slope};
}

void Envelope::age(UtcSecond now) {
  if (count_ == 0) return;
  const auto& last = pulses_[count_ - 1].second;
  const auto known = std::span{pulses_}.first(count_);
  const auto young = std::find_if(known.begin(), known.end(), [&](const RawPulse& pulse) {
    return now > last && now - last <= longest_gap && now - pulse.second <= oldest;
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

void Envelope::shift(nanoseconds step) {
  for (auto& pulse : pulses_) pulse.raw_minus_true += step;
  origin_.raw_minus_true += step;  // which shifts the lines
}

void Envelope::fit(double spread) {
  if (count_ < enough) return;
  move_origin();
  std::array<Point, window> room{};
  const auto points = std::span{room}.first(count_);
  const auto known = std::span{pulses_}.first(count_);
  std::transform(known.begin(), known.end(), points.begin(),
                 [this](const RawPulse& pulse) { return point_of(pulse); });
  const auto& longest = fit_long_lines(points, spread);
  line_ = long_lines_;
  if (count_ > line24_pulses) fit_line24(points, longest, spread);
}

/// Moves the zero of the lines to the last pulse. The old lines are mostly still the best ones, and
/// are where the search for the new ones begins.
void Envelope::move_origin() {
  const auto& last = pulses_[count_ - 1];
  const auto zero = point_of(last);
  for (auto* line : {&line48_, &longer_[0].line, &longer_[1].line, &line24_})
    *line = {line->at(zero.x) - zero.y, line->slope};
  origin_ = last;
}

/// Fits the lines of 48, 96 and 192 pulses and their blend. Returns the longest one.
const Line& Envelope::fit_long_lines(std::span<const Point> points, double spread) {
  line48_ = quantile_line(points.last(std::min(count_, line48_pulses)), line_quantile, line48_);
  long_lines_ = line48_;
  const auto* longest = &line48_;
  double unit = spread;
  for (auto& [pulses, line, square, averaged] : longer_) {
    if (count_ <= pulses / 2) break;
    line = quantile_line(points.last(std::min(count_, pulses)), line_quantile, line);
    const double apart = longest->level - line.level;
    averaged = std::min(averaged + 1, square_memory);
    square += (apart * apart - square) / averaged;
    long_lines_ = between(line, long_lines_, ramp(std::sqrt(square), straight * unit, bent * unit));
    longest = &line;
    unit /= 2;  // the noise of a line is inversely proportional to its length
  }
  return *longest;
}

/// Fits the line of 24 pulses, for a frequency that changes. Pulses below the longer lines show
/// such a change at once, since none is early by chance. Late ones are late by chance now and then,
/// also several in a row.
void Envelope::fit_line24(std::span<const Point> points, const Line& longest, double spread) {
  const auto last = points.last(line24_pulses);
  line24_ = quantile_line(last, line_quantile, line24_);
  bend_ += (line24_.level - line48_.level - bend_) / mean_memory;
  double share = ramp(std::abs(bend_), straight * spread, bent * spread);
  const double late = mean_lateness * spread;
  if (bend_ > 0) share *= ramp(all_late(last, longest), unlikely * late, most_unlikely * late);
  line_ = between(long_lines_, line24_, share);
}

double Envelope::residual(const RawPulse& pulse) const {
  return above(*line_, pulse);
}

std::span<double> Envelope::residuals(std::span<double, line48_pulses> room) const {
  const auto last = std::span{pulses_}.first(count_).last(std::min(count_, line48_pulses));
  std::transform(last.begin(), last.end(), room.begin(),
                 [this](const RawPulse& pulse) { return above(line48_, pulse); });
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
