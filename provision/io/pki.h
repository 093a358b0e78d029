#pragma once
// The certificates that this box hands out.

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "provision/core/bundle.h"
#include "provision/core/settings.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

inline constexpr char pki_certificate[] = "/etc/ntsbox/pki/server.crt";
inline constexpr char pki_key[] = "/etc/ntsbox/pki/server.key";
inline constexpr char pki_next_certificate[] =
    "/etc/ntsbox/pki/next.crt";  // of a rotation, before the switch
inline constexpr char pki_authority[] =
    "/etc/ntsbox/pki/ca.crt";  // with --ca: trusted in place of ours
inline constexpr char served_certificate[] = "/etc/chrony/nts/server.crt";
inline constexpr char served_key[] = "/etc/chrony/nts/server.key";

/// What a Stratum 2 machine is to trust, under the box's primary name: the first --name, or of the
/// certificate.
[[nodiscard]] Result<Bundle> bundle_of_this_box(System& system, const std::string& settings_path,
                                                const Flags& flags, UtcSecond now);

}  // namespace ntsbox::provision
