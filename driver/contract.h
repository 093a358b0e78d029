#pragma once

// Names that the houses must agree on. Constants alone: any house may include this file.

namespace ntsbox::contract {

/// chronyd's AppArmor profile allows no other shape of name outside /run/chrony/
/// (docs/decisions/0003).
inline constexpr char socket_path[] = "/run/chrony.ntsbox.sock";
inline constexpr char unit[] = "ntsboxd.service";
inline constexpr char user[] = "_ntsbox";
inline constexpr char refid[] = "GPS";
inline constexpr char daemon_settings[] = "/etc/ntsbox/ntsboxd.toml";
inline constexpr char status_file[] = "/run/ntsbox/status.json";
inline constexpr char collection_file[] = "/run/ntsbox-status/collection.json";
inline constexpr char served_certificate[] = "/etc/chrony/nts/server.crt";
inline constexpr char state_folder[] = "/var/lib/ntsbox";

}  // namespace ntsbox::contract
