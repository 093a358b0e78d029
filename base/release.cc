#include "base/release.h"

namespace ntsbox {

std::string_view version() {
  return NTSBOX_VERSION;
}

UtcSecond release_date() {
  const auto date = parse_iso_utc(NTSBOX_RELEASE_DATE);
  return date ? date->second : UtcSecond{};
}

}  // namespace ntsbox
