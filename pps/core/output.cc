#include "pps/core/output.h"

#include <optional>

#include "base/text.h"

namespace ntsbox::pps {
namespace {

constexpr std::int64_t most_lines = 65535;

constexpr char shapes[] =
    ": an output is gpio:NAME (as gpio:GPIO17), gpio:/dev/gpiochipN:LINE, serial:DEVICE:dtr, "
    "serial:DEVICE:rts or stream:PATH";

/// What stands behind `head`.
std::optional<std::string_view> after(std::string_view text, std::string_view head) {
  if (!text.starts_with(head)) return std::nullopt;
  return text.substr(head.size());
}

std::optional<Output> gpio(std::string_view text) {
  const auto colon = text.rfind(':');
  if (!text.starts_with('/')) {
    if (text.empty() || colon != std::string_view::npos) return std::nullopt;
    return GpioOutput{std::string{text}, "", 0};
  }
  if (colon == std::string_view::npos) return std::nullopt;
  const auto offset = number_in(text.substr(colon + 1), 0, most_lines);
  if (!offset) return std::nullopt;
  return GpioOutput{"", std::string{text.substr(0, colon)}, static_cast<unsigned>(*offset)};
}

std::optional<Output> serial(std::string_view text) {
  const auto colon = text.rfind(':');
  if (!text.starts_with('/') || colon == std::string_view::npos) return std::nullopt;
  const auto pin = text.substr(colon + 1);
  if (pin != "dtr" && pin != "rts") return std::nullopt;
  return SerialOutput{std::string{text.substr(0, colon)},
                      pin == "dtr" ? SerialOutput::Pin::dtr : SerialOutput::Pin::rts};
}

}  // namespace

Result<Output> parse_output(std::string_view text) {
  std::optional<Output> found;
  if (const auto line = after(text, "gpio:")) found = gpio(*line);
  if (const auto line = after(text, "serial:")) found = serial(*line);
  if (const auto path = after(text, "stream:"); path && path->starts_with('/'))
    found = StreamOutput{std::string{*path}};
  if (!found) return fail(std::string{text} + shapes);
  return *std::move(found);
}

}  // namespace ntsbox::pps
