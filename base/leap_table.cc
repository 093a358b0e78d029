#include "base/leap_table.h"

#include "base/text.h"

namespace ntsbox {
namespace {

// NTP counts from 1900 (RFC 5905, 6).
constexpr std::int64_t ntp_to_unix = 2'208'988'800;

}  // namespace

std::optional<UtcSecond> end_of_leap_table(std::string_view table) {
  // "#@<tab>3991593600"
  for (const auto line : lines_of(table)) {
    const auto words = words_of(line);
    if (words.size() != 2 || words[0] != "#@") continue;
    if (const auto until = number_in(words[1], ntp_to_unix, 2 * ntp_to_unix))
      return UtcSecond{seconds{*until - ntp_to_unix}};
  }
  return std::nullopt;
}

}  // namespace ntsbox
