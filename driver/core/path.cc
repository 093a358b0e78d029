#include "driver/core/path.h"

#include <algorithm>

namespace ntsbox::driver {

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && text.back() != '/' && is_plain(text);
}

bool is_socket_path(std::string_view text) {
  return is_path(text) && text.size() <= longest_socket_path;
}

}  // namespace ntsbox::driver
