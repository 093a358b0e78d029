#pragma once
// Tar archives, in memory: libarchive stands behind archive.cc alone.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "provision/core/bundle.h"

namespace ntsbox::provision {

/// The archive of these members, compressed by gzip when asked. The same members give the same
/// bytes, and do not name who made them.
[[nodiscard]] Result<std::string> pack(const std::vector<Member>& members, bool gzip);

/// The members of a tar or .tar.gz, in order. Fails on what is no such archive or is cut, holds
/// anything but files and folders, or more than a bundle may (64 members, 1 MiB in all).
[[nodiscard]] Result<std::vector<Member>> unpack(std::string_view bytes);

}  // namespace ntsbox::provision
