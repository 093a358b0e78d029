#pragma once

#include "contract/constants.h"

// Where a server keeps its certificates and keys, and what it leaves for others to read.

namespace ntsbox::provision {

inline constexpr char pki_folder[] = "/etc/ntsbox/pki";  // the master copies
inline constexpr char pki_certificate[] = "/etc/ntsbox/pki/server.crt";
inline constexpr char pki_key[] = "/etc/ntsbox/pki/server.key";
inline constexpr char pki_cure[] =
    "Where chronyd still serves well: cp /etc/chrony/nts/server.crt /etc/ntsbox/pki/server.crt "
    "(the key stands first in /etc/chrony/nts/server.key); else ntsbox-provision restore, from a "
    "backup";
inline constexpr char pki_authority[] = "/etc/ntsbox/pki/ca.crt";  // where a CA signs
inline constexpr char next_folder[] = "/etc/ntsbox/pki/next";  // of a rotation, before the switch
inline constexpr char previous_folder[] = "/etc/ntsbox/pki/previous";  // and after it

inline constexpr char served_folder[] = "/etc/chrony/nts";
// What chronyd reads: key and certificate in one file, so that no cut parts them.
inline constexpr char served_pair[] = "/etc/chrony/nts/server.key";
using contract::served_certificate;  // a copy for those who need no key

// Of debian/ntsbox-metrics.service.
inline constexpr char metrics_file[] = "/var/lib/prometheus/node-exporter/ntsbox.prom";

}  // namespace ntsbox::provision
