#pragma once
// What chrony.service is told beyond the package's own text.

#include <string>

namespace ntsbox::provision {

inline constexpr char chrony_drop_in_path[] = "/etc/systemd/system/chrony.service.d/ntsbox.conf";

/// Gives ntsboxd its socket, and hardens the unit. Hardware timestamps cost one capability more.
[[nodiscard]] std::string render_chrony_drop_in(bool hardware_timestamps);

}  // namespace ntsbox::provision
