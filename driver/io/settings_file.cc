#include "driver/io/settings_file.h"

#include <unistd.h>

#include <cerrno>

#include "posix/file.h"

namespace ntsbox::driver {
namespace {

constexpr std::size_t longest = std::size_t{64} << 10;

}  // namespace

Result<Settings> read_settings(const std::string& path, bool must_exist) {
  const bool missing = ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
  if (missing && !must_exist) return Settings{};
  if (missing)
    return fail(ENOENT, path + ": is the name right? Without --config the defaults serve");
  const auto text = read_file(path, longest);
  if (!text)
    return fail(text.error().message +
                " (the settings are a short text file, readable by the daemon's user)");
  return parse_settings(*text, path);
}

}  // namespace ntsbox::driver
