#include "base/chronyc.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace ntsbox::chronyc {
namespace {

using Fields = std::vector<std::string>;

constexpr std::size_t tracking_fields = 14;
constexpr std::size_t source_fields = 10;
constexpr std::size_t selection_fields = 5;
constexpr std::size_t authentication_fields = 10;
constexpr std::size_t served_fields = 8;
constexpr std::size_t client_fields = 6;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
// chronyc's word for "never".
constexpr std::int64_t never = 0xffff'ffff;

/// "-12.345" in units of 10^-digits, 0 for what is no such number.
std::int64_t scaled(std::string_view text, std::size_t digits) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = std::min(text.find('.'), text.size());
  std::string number{text.substr(0, point)};
  std::string decimals{text.substr(std::min(point + 1, text.size()))};
  decimals.resize(digits, '0');
  const auto value = number_in(number + decimals, 0, most).value_or(0);
  return negative ? -value : value;
}

nanoseconds time_in(std::string_view text) {
  return nanoseconds{scaled(text, 9)};
}

/// From ppm with its three decimals.
std::int64_t ppb_in(std::string_view text) {
  return scaled(text, 3);
}

std::optional<std::int64_t> count_in(std::string_view text) {
  return number_in(text, 0, most);
}

int octal(std::string_view text) {
  int value = 0;
  for (const char c : text.substr(0, 3)) {
    if (c < '0' || c > '7') return 0;
    value = 8 * value + (c - '0');
  }
  return value;
}

/// What `read` makes of each line that has the fields.
template <class Read>
auto each_line(std::string_view output, std::size_t fewest, Read read) {
  std::vector<decltype(read(Fields{}))> found;
  for (const auto line : lines_of(output))
    if (const auto fields = fields_of(line); fields.size() >= fewest) found.push_back(read(fields));
  return found;
}

template <class T>
std::optional<T> last_of(const std::vector<T>& found) {
  return found.empty() ? std::nullopt : std::optional{found.back()};
}

/// A time since the epoch, not negative, that fits in nanoseconds.
bool is_decimal(std::string_view text) {
  const auto point = text.find('.');
  constexpr std::int64_t latest = most / 1'000'000'000 - 1;
  return number_in(text.substr(0, point), 0, latest) &&
         (point == std::string_view::npos || number_in(text.substr(point + 1), 0, most));
}

char letter(const std::string& field) {
  return field.size() == 1 ? printable(field).front() : '\0';
}

}  // namespace

std::optional<Tracking> tracking_in(std::string_view output) {
  const auto found = last_of(each_line(output, tracking_fields, [](const Fields& f) {
    Tracking t;
    // A line without them is none of chronyc's: a reference in 1970 would end every holdover.
    if (!is_decimal(f[3]) || !number_in(f[2], 0, 16)) return std::optional<Tracking>{};
    t.name = printable(f[1]);
    t.stratum = static_cast<int>(number_in(f[2], 0, 16).value_or(0));
    t.reference = SystemTime{time_in(f[3])};
    t.correction = time_in(f[4]);
    t.last_offset = time_in(f[5]);
    t.rms_offset = time_in(f[6]);
    t.frequency = ppb_in(f[7]);
    t.skew = ppb_in(f[9]);
    t.root_delay = time_in(f[10]);
    t.root_dispersion = time_in(f[11]);
    t.synchronised = f[13] != "Not synchronised";
    return std::optional{t};
  }));
  return found.value_or(std::nullopt);
}

seconds unsteered(const Tracking& tracking, SystemTime now) {
  if (!tracking.synchronised) return seconds{0};
  return std::max(std::chrono::floor<seconds>(difference(now, tracking.reference)), seconds{0});
}

std::vector<Source> sources_in(std::string_view output) {
  auto sources = each_line(output, source_fields, [](const Fields& f) {
    Source s{letter(f[0]), letter(f[1]), printable(f[2]), 0, octal(f[5]), std::nullopt, {}, {}};
    s.stratum = static_cast<int>(number_in(f[3], 0, 16).value_or(0));
    if (const auto age = number_in(f[6], 0, never - 1)) s.age = seconds{*age};
    s.offset = time_in(f[7]);
    s.margin = time_in(f[9]);
    return s;
  });
  std::erase_if(sources, [](const Source& s) { return s.mode == 0 || s.state == 0; });
  return sources;
}

std::vector<Selection> selections_in(std::string_view output) {
  return each_line(output, selection_fields, [](const Fields& f) {
    return Selection{printable(f[1]), letter(f[0])};
  });
}

std::vector<Authentication> authentications_in(std::string_view output) {
  auto found = each_line(output, authentication_fields, [](const Fields& f) {
    return Authentication{printable(f[0]), printable(f[1]), count_in(f[8]).value_or(-1)};
  });
  std::erase_if(found, [](const Authentication& each) { return each.cookies < 0; });
  return found;
}

std::optional<Served> served_in(std::string_view output) {
  const auto found = last_of(each_line(output, served_fields, [](const Fields& f) {
    const auto packets = count_in(f[0]), dropped = count_in(f[1]), handshakes = count_in(f[5]),
               handshakes_dropped = count_in(f[6]), authenticated = count_in(f[7]);
    if (!packets || !dropped || !handshakes || !handshakes_dropped || !authenticated)
      return std::optional<Served>{};
    return std::optional{
        Served{*packets, *dropped, *handshakes, *handshakes_dropped, *authenticated}};
  }));
  return found.value_or(std::nullopt);
}

std::int64_t clients_in(std::string_view output) {
  constexpr std::int64_t hour = 3600;
  const auto asked = each_line(output, client_fields, [](const Fields& f) {
    return count_in(f[1]).value_or(0) > 0 && number_in(f[5], 0, hour).has_value();
  });
  return std::count(asked.begin(), asked.end(), true);
}

}  // namespace ntsbox::chronyc
