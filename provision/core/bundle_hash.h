#pragma once
// The one hash over a bundle's file, by which a person on the client knows it for the server's: how
// it is shown, given, and put into commands.

#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox::provision {

/// A SHA-256 as people give it: 64 hexadecimal digits of either case, blanks between them passed
/// over. Gives 64 lower-case digits; fails on anything else.
[[nodiscard]] Result<std::string> hash_in(std::string_view text);

/// The hash (64 digits) in groups that two screens can be compared by, under a line that names the
/// file. Whoever carried the file may have named it: its name cannot write over what is shown.
[[nodiscard]] std::string hash_shown(std::string_view file, const std::string& hash);

/// "bundle.tar" of "/tmp/bundle.tar".
[[nodiscard]] std::string file_name(std::string_view path);

/// Whether `path` ends in .tar or .tar.gz and its last part is the same in each shell and in the
/// list that `sha256sum -c` reads: letters, digits and ._+- alone, and no - in front.
[[nodiscard]] bool is_bundle_name(std::string_view path);

/// What to type on a client, with ntsbox and without. `name` passed is_bundle_name().
[[nodiscard]] std::string client_commands(const std::string& name, const std::string& hash);

}  // namespace ntsbox::provision
