#include "driver/core/lateness.h"

#include <algorithm>
#include <cmath>

namespace ntsbox::driver {
namespace {

// Few points are late under a line so low even when most pulses are, and its level is told by the
// dense, early side of one-sided lateness (a quarter would follow bursts).
constexpr double quantile = 0.10;
constexpr std::size_t enough = 3;
// A pulse that is further from the line than its usual noise, in spreads, is early or late for
// another reason.
constexpr double unusual = 3;
constexpr double least_unusual = 1000;  // ns
// So many in a row, and it is the floor that moved: nothing else makes four early in a row, and a
// burst that leaves no good pulse for so long is as good as a floor.
constexpr std::size_t floor_fell = 4;
constexpr std::size_t floor_rose = 16;
constexpr double alike = 4;  // the reach of early ones that agree, in what is unusual
constexpr int moved_away = 3;
// The line lags when the clock's frequency is on the move, and a line of half as many pulses lags a
// quarter as much. It takes over as far as the two keep apart by more than noise, in spreads;
// unless some pulses in a row were late, which the shorter one would follow.
constexpr std::size_t recent = Lateness::window / 2;
constexpr double bend_memory = 16;  // pulses
constexpr double straight = 0.3;
constexpr double bent = 0.5;
constexpr std::size_t may_have_risen = 4;
// Kelly's skewness is 0 where lateness is symmetric and 0.46 where it is exponential.
constexpr double symmetric = 0.15;
constexpr double one_sided = 0.30;
constexpr double skew_memory = 256;  // pulses
// Noise as small as this is not worth correcting: the line's own lag would cost more.
constexpr double quiet = 100;  // ns
constexpr double noisy = 300;
// An ordinary pulse is not clipped, not even among symmetric ones.
constexpr double least_clip = 200;  // ns
// Nor what may be the line's lag, when the clock's frequency is on the move.
constexpr double far = 6;  // spreads
constexpr double least_far = 5000;

double ramp(double value, double from, double to) {
  if (value <= from) return 0;
  return std::clamp((value - from) / (to - from), 0.0, 1.0);
}

double at_share(std::span<const double> sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

std::string_view name_of(LatenessMode mode) {
  static constexpr std::array<std::string_view, 4> names{"raw", "clip", "line", "auto"};
  return names[static_cast<std::size_t>(mode)];
}

std::optional<LatenessMode> lateness_mode(std::string_view name) {
  for (const auto mode :
       {LatenessMode::raw, LatenessMode::clip, LatenessMode::line, LatenessMode::automatic})
    if (name == name_of(mode)) return mode;
  return std::nullopt;
}

nanoseconds Lateness::judge(const Sample& sample, RawTime edge) {
  if (mode_ == LatenessMode::raw) return 0ns;
  const Entry entry{sample.second, minus(edge.time_since_epoch(),
                                         sample.stamp.time_since_epoch() + sample.offset)};
  age(entry.second);
  if (line_ && is_stranger(entry)) return 0ns;
  if (line_) follow_floor(residual(entry));
  // A few early pulses would draw the line down.
  if (early_ == 0) {
    add(entry);
    fit();
  }
  return line_ ? correction(residual(entry)) : 0ns;
}

/// Whether the pulse has nothing to do with the line; if several in a row have not, the line ends.
bool Lateness::is_stranger(const Entry& entry) {
  if (std::abs(residual(entry)) <= static_cast<double>(most.count())) {
    strangers_ = 0;
    return false;
  }
  if (++strangers_ < moved_away) return true;
  begin_anew();
  return false;
}

/// All but the shape, which is the machine's.
void Lateness::begin_anew() {
  count_ = 0;
  line_.reset();
  bend_ = 0;
  strangers_ = 0;
  early_ = raised_ = 0;
}

/// A floor that moved takes the pulses before it along, so that the slope stays known.
void Lateness::follow_floor(double off) {
  if (count_ < recent) {
    early_ = raised_ = 0;
    return;
  }
  const double bound = std::max(least_unusual, unusual * spread_);
  early_ = off < -bound ? early_ + 1 : 0;
  raised_ = off > bound ? raised_ + 1 : 0;
  if (early_ == 1 || raised_ == 1) lowest_ = highest_ = off;
  lowest_ = std::min(lowest_, off);
  highest_ = std::max(highest_, off);
  if (early_ < floor_fell && raised_ < floor_rose) return;
  // Early ones that do not agree tell nothing but that the line is no good.
  if (early_ > 0 && highest_ - lowest_ > alike * bound) return begin_anew();

  // The early ones are not among the entries, those raised are, all but the newest.
  const auto kept = early_ > 0 ? 0 : std::min(raised_ - 1, count_);
  const nanoseconds step{std::llround(lowest_)};
  for (std::size_t i = 0; i + kept < count_; ++i) entries_[i].raw_minus_true += step;
  early_ = raised_ = 0;
}

void Lateness::add(const Entry& entry) {
  if (count_ == window) drop(1);
  entries_[count_++] = entry;
}

void Lateness::drop(std::size_t oldest) {
  std::move(entries_.begin() + static_cast<std::ptrdiff_t>(oldest),
            entries_.begin() + static_cast<std::ptrdiff_t>(count_), entries_.begin());
  count_ -= oldest;
}

void Lateness::age(UtcSecond now) {
  if (count_ > 0 && now <= entries_[count_ - 1].second) begin_anew();
  std::size_t old = 0;
  while (old < count_ && now - entries_[old].second > reach) ++old;
  drop(old);
  if (line_ && count_ < enough) begin_anew();
}

void Lateness::fit() {
  if (count_ < enough) return;
  const Line guess{0, line_ ? line_->slope : 0};
  origin_ = entries_[count_ - 1];
  std::array<Point, window> room{};
  const auto points = std::span{room}.first(count_);
  std::transform(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count_),
                 points.begin(), [this](const Entry& entry) { return point_of(entry); });
  line_ = quantile_line(points, quantile, guess);
  if (count_ > recent && raised_ < may_have_risen) follow_bend(points.last(recent));
  measure(points);
}

void Lateness::follow_bend(std::span<const Point> points) {
  const auto shorter = quantile_line(points, quantile, *line_);
  bend_ += (shorter.level - line_->level - bend_) / bend_memory;
  const double share = ramp(std::abs(bend_), straight * spread_, bent * spread_);
  line_->level += share * (shorter.level - line_->level);
  line_->slope += share * (shorter.slope - line_->slope);
}

/// The shape of the lateness.
void Lateness::measure(std::span<const Point> points) {
  std::array<double, window> above{};
  std::array<double, window> steps{};
  const auto residuals = std::span{above}.first(points.size());
  const auto changes = std::span{steps}.first(points.size() - 1);
  std::transform(points.begin(), points.end(), residuals.begin(),
                 [this](const Point& point) { return point.y - line_->at(point.x); });
  std::transform(residuals.begin() + 1, residuals.end(), residuals.begin(), changes.begin(),
                 [](double a, double b) { return std::abs(a - b); });
  std::sort(residuals.begin(), residuals.end());
  std::sort(changes.begin(), changes.end());
  noise_ = at_share(changes, 0.5);
  const double low = at_share(residuals, 0.1);
  const double middle = at_share(residuals, 0.5);
  const double high = at_share(residuals, 0.9);
  spread_ = middle;
  if (points.size() < recent || high <= low) return;
  seen_ = std::min(seen_ + 1, skew_memory);
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

Point Lateness::point_of(const Entry& entry) const {
  return {static_cast<double>((entry.second - origin_.second).count()),
          static_cast<double>(minus(entry.raw_minus_true, origin_.raw_minus_true).count())};
}

double Lateness::residual(const Entry& entry) const {
  const auto point = point_of(entry);
  return point.y - line_->at(point.x);
}

nanoseconds Lateness::correction(double off) const {
  const double usual = mode_ == LatenessMode::automatic ? std::max(least_far, far * spread_)
                                                        : std::max(least_clip, spread_);
  const double clipped = std::max(0.0, off - usual);
  const double chosen = share() * off + (1 - share()) * clipped;
  return std::clamp(nanoseconds{std::llround(chosen)}, -most, most);
}

}  // namespace ntsbox::driver
