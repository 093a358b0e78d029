#pragma once

#include "driver/contract.h"

// Where a box keeps its certificates and keys.

namespace ntsbox::provision {

inline constexpr char pki_folder[] = "/etc/ntsbox/pki";  // the master copies
inline constexpr char pki_certificate[] = "/etc/ntsbox/pki/server.crt";
inline constexpr char pki_key[] = "/etc/ntsbox/pki/server.key";
inline constexpr char pki_authority[] = "/etc/ntsbox/pki/ca.crt";  // where a CA signs
inline constexpr char next_folder[] = "/etc/ntsbox/pki/next";  // of a rotation, before the switch
inline constexpr char previous_folder[] = "/etc/ntsbox/pki/previous";  // and after it

inline constexpr char served_folder[] = "/etc/chrony/nts";  // what chronyd reads
using contract::served_certificate;
inline constexpr char served_key[] = "/etc/chrony/nts/server.key";

}  // namespace ntsbox::provision
