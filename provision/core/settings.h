#pragma once
// /etc/ntsbox/provision.toml and the flags that are remembered there: what the owner wants of the
// server.

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "certs/issue.h"
#include "contract/pulse_source.h"
#include "contract/settings_table.h"
#include "provision/core/board.h"

namespace ntsbox::provision {

enum class Firewall { none, nft };

/// Every name, address and network in it is validated: it can stand in any file that is
/// rendered.
struct Settings {
  std::vector<std::string> names;      // the primary first; empty: the host name and HOST.local
  std::vector<std::string> addresses;  // canonical
  std::vector<std::string> allow;      // canonical CIDR: who may ask for the time
  std::vector<std::string> upstreams;  // NTS servers; empty: the default set, or none with airgap
  bool airgap = false;
  std::string receiver;        // device; empty: the board's own UART
  int pps_gpio = 4;            // BCM number
  std::string pulse;           // as pulse_setting() has it; empty: the overlay's device by name
  std::optional<Board> board;  // empty: as found
  LatenessMode lateness = LatenessMode::raw;
  certs::KeyKind key = certs::KeyKind::p256;
  bool ca = false;  // the certificate comes from a local CA whose key is elsewhere
  std::chrono::hours holdover_limit{24};
  Firewall firewall = Firewall::none;
  bool tune = false;
  bool auto_updates = false;
  bool restart_gpsd = false;   // when it is stuck
  bool client_no_rtc = false;  // clients that boot without a clock get `nocerttimecheck 1`

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// The settings that flags gave, by key: what was not given stays as it is.
using Flags = GivenSettings;

/// One row a setting, in the order of the file and of --help. A new setting is a member above and a
/// row here.
[[nodiscard]] std::span<const Setting<Settings>> settings_table();

/// Reads TOML. An error names `file`, the line, what is wrong and the cure; an unknown key names
/// the nearest known one.
[[nodiscard]] Result<Settings> parse_settings(std::string_view text, const std::string& file);

/// `settings` with what `flags` gave. An error names the flag, what is wrong and the cure.
[[nodiscard]] Result<Settings> with_flags(Settings settings, const Flags& flags);

/// The TOML text that parse_settings() reads back to the same settings, with a comment a key.
[[nodiscard]] std::string render_settings(const Settings& settings);

// What a setting's value may be. Whatever passes here cannot become a directive, an option or a
// second line in any file that is rendered; host names and addresses are certs/names.h's.

/// A network in canonical form, "192.168.1.0/24" or "2001:db8::/32"; an address alone is a network
/// of one. Fails, with the reason and the cure, also when bits of the host are set.
[[nodiscard]] Result<std::string> network(std::string_view text);

/// A host name or an address, in canonical form.
[[nodiscard]] Result<std::string> host_or_address(std::string_view text);

/// The absolute path of a device, of letters, digits and ._/:+-, without "." and ".." as parts.
[[nodiscard]] Result<std::string> device_path(std::string_view text);

/// "/dev/NAME", "phc:/dev/ptpN:PIN", or "stream:" and the absolute path of a Unix socket.
[[nodiscard]] Result<std::string> pulse_setting(std::string_view text);

/// "ptpN" of "phc:/dev/ptpN:PIN"; empty for every other source.
[[nodiscard]] std::optional<std::string> clock_of_pulse(const std::string& pulse);

}  // namespace ntsbox::provision
