#include "lab/core/truth.h"

#include <fmt/format.h>

namespace ntsbox::lab {

std::string pulse_line(const StampedEdge& edge) {
  return fmt::format("{} {}\n", format_decimal_seconds(edge.stamp.time_since_epoch()),
                     edge.sequence);
}

std::string truth_line(const StampedEdge& edge) {
  const auto second = edge.second.time_since_epoch();
  return fmt::format(R"({{"second":{},"stamp":"{}","sequence":{},"offset_ns":{}}})"
                     "\n",
                     second.count(), format_decimal_seconds(edge.stamp.time_since_epoch()),
                     edge.sequence, (second - edge.stamp.time_since_epoch()).count());
}

}  // namespace ntsbox::lab
