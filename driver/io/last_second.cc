#include "driver/io/last_second.h"

#include "posix/file.h"

namespace ntsbox::driver {
namespace {

// Seldom, to spare an SD card; losing an hour of it costs nothing.
constexpr seconds interval_kept = 1h;
constexpr std::size_t longest = 64;

}  // namespace

LastSecond::LastSecond(const std::string& folder)
    : path_(folder.empty() ? "" : folder + "/last-second") {}

std::optional<UtcSecond> LastSecond::read(UtcSecond ceiling) const {
  if (path_.empty()) return std::nullopt;
  auto text = read_file(path_, longest);
  if (!text) return std::nullopt;
  if (!text->empty() && text->back() == '\n') text->pop_back();
  const auto date = parse_iso_utc(*text);
  if (!date || date->second > ceiling) return std::nullopt;
  return date->second;
}

Result<void> LastSecond::keep(UtcSecond second, bool now_or_never) {
  // Backwards too: a receiver that had lied was found out.
  const bool due = !kept_ || std::chrono::abs(second - *kept_) >= interval_kept || now_or_never;
  if (path_.empty() || !due || kept_ == second) return {};
  // Also after a failure: to try again at each second would fill the log.
  kept_ = second;
  return replace_file(path_, format_iso_utc(second) + "\n");
}

}  // namespace ntsbox::driver
