#include "provision/core/release.h"

namespace ntsbox::provision {

std::string_view version() {
  return NTSBOX_VERSION;
}

UtcSecond release_date() {
  const auto date = parse_iso_utc(NTSBOX_RELEASE_DATE);
  return date ? date->second : UtcSecond{};
}

}  // namespace ntsbox::provision
