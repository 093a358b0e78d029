#include "driver/core/pulse_source.h"

#include "driver/core/path.h"

namespace ntsbox::driver {

std::optional<PulseSource> pulse_source(std::string_view text) {
  static constexpr std::string_view stream = "stream:";
  if (text.starts_with("/dev/") && is_path(text))
    return PpsSource{std::string{text}, CaptureEdge::assert};
  if (!text.starts_with(stream)) return std::nullopt;
  text.remove_prefix(stream.size());
  return is_socket_path(text) ? std::optional{StreamSource{std::string{text}}} : std::nullopt;
}

}  // namespace ntsbox::driver
