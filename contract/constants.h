#pragma once
// Names, limits and periods that several programs must agree on.

#include "base/time.h"

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
inline constexpr char served_waiting_file[] = "/run/ntsbox-status/served.jsonl";
inline constexpr char served_certificate[] = "/etc/chrony/nts/server.crt";
inline constexpr char state_folder[] = "/var/lib/ntsbox";

/// ntsboxd replaces its status file this often, and at each change of state.
inline constexpr seconds status_period{4};
/// Two periods: a status that is older is that of a daemon that stopped.
inline constexpr seconds status_stale = 2 * status_period;
/// A file that was written later than this from now shows that the clock was stepped.
inline constexpr seconds latest_written{2};

/// ntsbox-status.timer collects this often what chronyd answers to root alone.
inline constexpr seconds collection_period{60};
inline constexpr seconds collection_stale = 5 * collection_period;

/// How far off the clock may be and still be good, unless the user says otherwise.
inline constexpr nanoseconds good_time = 50ms;

/// What ntsbox-status.timer collects of those that chronyd served, for weeks (docs/history.md).
inline constexpr char served_folder[] = "/var/lib/ntsbox-status/served";
/// So many daily files of it and of ntsboxd's history are kept, unless the user says otherwise.
inline constexpr int history_days = 60;

/// A certificate that expires sooner is due for renewal.
inline constexpr std::chrono::days certificate_warning{60};

}  // namespace ntsbox::contract
