#include "driver/core/jitter.h"

#include <algorithm>
#include <utility>

namespace ntsbox::driver {
namespace {

struct Bin {
  nanoseconds below;
  std::string_view name;
};

constexpr std::array<Bin, Jitter::bin_count> bins{{{100ns, "100ns"},
                                                   {300ns, "300ns"},
                                                   {1us, "1us"},
                                                   {3us, "3us"},
                                                   {10us, "10us"},
                                                   {30us, "30us"},
                                                   {100us, "100us"},
                                                   {300us, "300us"},
                                                   {1ms, "1ms"},
                                                   {nanoseconds::max(), "more"}}};

// No pulse that became a sample is off by so much; a step of the clock is.
constexpr nanoseconds step = 10ms;

}  // namespace

std::string_view Jitter::below(std::size_t bin) {
  return bins[bin].name;
}

std::optional<nanoseconds> Jitter::take(const Sample& sample) {
  const auto middle = std::exchange(before_[0], sample);
  const auto first = std::exchange(before_[1], middle);
  if (!first || !middle) return std::nullopt;
  if (middle->second - first->second != 1s || sample.second - middle->second != 1s)
    return std::nullopt;
  // Half of each, so that no sum overflows.
  const auto chord = first->offset / 2 + sample.offset / 2;
  const auto departure = abs(minus(middle->offset, chord));
  if (departure >= step) return std::nullopt;
  count(departure);
  return departure;
}

void Jitter::count(nanoseconds departure) {
  const auto bin = static_cast<std::size_t>(
      std::distance(bins.begin(), std::find_if(bins.begin(), bins.end(), [&](const Bin& candidate) {
                      return departure < candidate.below;
                    })));
  ++total_[bin];
  ++recent_[bin];
  if (full_) --recent_[bins_[next_]];
  bins_[next_] = static_cast<std::uint8_t>(bin);
  next_ = (next_ + 1) % window;
  full_ |= next_ == 0;
}

}  // namespace ntsbox::driver
