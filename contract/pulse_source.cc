#include "contract/pulse_source.h"

#include <algorithm>

#include "base/text.h"

namespace ntsbox {
namespace {

constexpr std::string_view stream = "stream:";
constexpr std::string_view clock = "phc:";

/// A decimal number of one to three digits, as it is written.
std::optional<unsigned> small_number(std::string_view text) {
  const auto number = number_in(text, 0, 999);
  if (!number || std::to_string(*number) != text) return std::nullopt;
  return static_cast<unsigned>(*number);
}

Result<PulseSource> phc_source(std::string_view text) {
  static constexpr std::string_view device = "/dev/ptp";
  const auto colon = text.find(':');
  if (text.starts_with(device) && colon != std::string_view::npos) {
    const auto pin = small_number(text.substr(colon + 1));
    if (pin && small_number(text.substr(device.size(), colon - device.size())))
      return PhcSource{std::string{text.substr(0, colon)}, *pin, CaptureEdge::assert};
  }
  return fail("must name a clock and a pin");
}

}  // namespace

bool is_path_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"._/:+-"}.find(c) != std::string_view::npos;
}

std::string path_fault(std::string_view path, std::size_t longest) {
  if (path.size() < 2 || path.front() != '/') return "must be an absolute path";
  if (path.size() > longest) return "is longer than " + std::to_string(longest) + " bytes";
  if (!std::all_of(path.begin(), path.end(), is_path_letter))
    return "may hold letters, digits and ._/:+- alone";
  for (std::size_t from = 1; from <= path.size();) {
    const auto end = std::min(path.find('/', from), path.size());
    const auto part = path.substr(from, end - from);
    if (part.empty() || part == "." || part == "..")
      return R"(must be written without empty parts, "." and "..")";
    from = end + 1;
  }
  return "";
}

Result<PulseSource> pulse_source(std::string_view text) {
  if (text.starts_with(clock)) return phc_source(text.substr(clock.size()));
  const bool is_stream = text.starts_with(stream);
  if (is_stream) text.remove_prefix(stream.size());
  if (auto fault = path_fault(text, is_stream ? longest_socket_path : longest_device_path);
      !fault.empty())
    return fail(std::move(fault));
  if (is_stream) return StreamSource{std::string{text}};
  if (!text.starts_with("/dev/")) return fail("must begin with /dev/, phc:/dev/ptp or stream:");
  return PpsSource{std::string{text}, CaptureEdge::assert};
}

std::string name_of(const PulseSource& source) {
  if (const auto* socket = std::get_if<StreamSource>(&source))
    return std::string{stream} + socket->path;
  if (const auto* pin = std::get_if<PhcSource>(&source))
    return std::string{clock} + pin->path + ":" + std::to_string(pin->pin);
  return std::get<PpsSource>(source).path;
}

bool choose_edge(PulseSource& source, CaptureEdge edge) {
  if (auto* pps = std::get_if<PpsSource>(&source)) pps->edge = edge;
  if (auto* phc = std::get_if<PhcSource>(&source)) phc->edge = edge;
  return !std::holds_alternative<StreamSource>(source);
}

}  // namespace ntsbox
