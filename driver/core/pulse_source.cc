#include "driver/core/pulse_source.h"

#include <charconv>
#include <system_error>

#include "driver/core/path.h"

namespace ntsbox::driver {
namespace {

/// A decimal number of one to three digits, as it is written.
std::optional<unsigned> small_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && text.size() <= 3 && (text.size() == 1 || text.front() != '0')
             ? std::optional{value}
             : std::nullopt;
}

std::optional<PulseSource> phc_source(std::string_view text) {
  static constexpr std::string_view device = "/dev/ptp";
  const auto colon = text.find(':');
  if (!text.starts_with(device) || colon == std::string_view::npos) return std::nullopt;
  const auto pin = small_number(text.substr(colon + 1));
  if (!small_number(text.substr(device.size(), colon - device.size())) || !pin) return std::nullopt;
  return PhcSource{std::string{text.substr(0, colon)}, *pin, CaptureEdge::assert};
}

}  // namespace

std::optional<PulseSource> pulse_source(std::string_view text) {
  static constexpr std::string_view stream = "stream:";
  static constexpr std::string_view phc = "phc:";
  if (text.starts_with("/dev/") && is_path(text))
    return PpsSource{std::string{text}, CaptureEdge::assert};
  if (text.starts_with(phc)) return phc_source(text.substr(phc.size()));
  if (!text.starts_with(stream)) return std::nullopt;
  text.remove_prefix(stream.size());
  return is_socket_path(text) ? std::optional{StreamSource{std::string{text}}} : std::nullopt;
}

bool choose_edge(PulseSource& source, CaptureEdge edge) {
  if (auto* pps = std::get_if<PpsSource>(&source)) pps->edge = edge;
  if (auto* phc = std::get_if<PhcSource>(&source)) phc->edge = edge;
  return !std::holds_alternative<StreamSource>(source);
}

}  // namespace ntsbox::driver
