#include "provision/core/holdover.h"

#include <algorithm>

#include "provision/core/words.h"

namespace ntsbox::provision {
namespace {

// chronyc(1): reference ID in hexadecimal and as a name, stratum, reference time, ..., leap status.
constexpr std::size_t tracking_fields = 14;
constexpr std::int64_t latest = 253'402'300'799;  // 9999-12-31T23:59:59Z

}  // namespace

std::optional<Reference> parse_tracking(std::string_view output) {
  const auto lines = lines_of(output);
  const auto fields = fields_of(lines.empty() ? "" : lines.front());
  if (fields.size() != tracking_fields) return std::nullopt;
  const auto updated = number_in(fields[3].substr(0, fields[3].find('.')), 0, latest);
  if (!updated) return std::nullopt;
  return Reference{fields[13] != "Not synchronised", fields[1], UtcSecond{seconds{*updated}}};
}

seconds holdover(const Reference& reference, UtcSecond now) {
  if (!reference.synchronised) return seconds{0};
  return std::max(seconds{0}, now - reference.updated);
}

}  // namespace ntsbox::provision
