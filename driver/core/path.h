#pragma once
// Paths as settings may have them.

#include <cstddef>
#include <string_view>

namespace ntsbox::driver {

inline constexpr std::size_t longest_socket_path = 107;  // unix(7), sun_path less its NUL

/// Without control characters.
[[nodiscard]] bool is_plain(std::string_view text);
/// Absolute, plain, and of a file.
[[nodiscard]] bool is_path(std::string_view text);
/// That a socket's address has room for, too.
[[nodiscard]] bool is_socket_path(std::string_view text);

}  // namespace ntsbox::driver
