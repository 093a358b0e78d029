#pragma once
// What a setting's value may be. Whatever passes here cannot become a directive, an option or a
// second line in any file that is rendered; host names and addresses are certs/names.h's.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox::provision {

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
