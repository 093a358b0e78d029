// A GPIO line, by libgpiod: Debian 12 has its first interface, Debian 13 its second.

#include <gpiod.h>

#include <cerrno>
#include <filesystem>

#include "pps/io/generator.h"
#include "pps/io/outputs.h"

namespace ntsbox::pps {
namespace {

constexpr char consumer[] = "ntsbox-pps";

std::string name_of(const GpioOutput& output) {
  return output.line.empty() ? output.chip + ":" + std::to_string(output.offset) : output.line;
}

tl::unexpected<Error> failure(const GpioOutput& output, int code) {
  std::string hint;
  if (code == ENOENT) hint = " (gpioinfo lists what there is)";
  if (code == EACCES) hint = " (is this user in the group gpio?)";
  if (code == EBUSY) hint = " (another program or a driver has it)";
  return fail("gpio:" + name_of(output) + ": " + std::generic_category().message(code) + hint);
}

#if NTSBOX_LIBGPIOD == 1

/// Holds the line while it exists.
class Request {
 public:
  /// Requests the line; false, with errno set, on failure.
  bool take(const GpioOutput& output) {
    line_ = output.line.empty() ? on_chip(output) : gpiod_line_find(output.line.c_str());
    return line_ && gpiod_line_request_output(line_, consumer, 0) == 0;
  }

  bool set(bool up) { return gpiod_line_set_value(line_, up ? 1 : 0) == 0; }

  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  ~Request() {
    if (line_) gpiod_line_close_chip(line_);
  }

 private:
  static gpiod_line* on_chip(const GpioOutput& output) {
    auto* chip = gpiod_chip_open(output.chip.c_str());
    if (!chip) return nullptr;
    auto* line = gpiod_chip_get_line(chip, output.offset);
    if (line) return line;
    const int code = errno;
    gpiod_chip_close(chip);
    errno = code;
    return nullptr;
  }

  gpiod_line* line_ = nullptr;
};

#else

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

using Chip = std::unique_ptr<gpiod_chip, Freed<gpiod_chip_close>>;

class Request {
 public:
  bool take(const GpioOutput& output) {
    offset_ = output.offset;
    const auto chip = output.line.empty() ? Chip{gpiod_chip_open(output.chip.c_str())}
                                          : chip_with(output.line, offset_);
    if (!chip) return false;
    const std::unique_ptr<gpiod_line_settings, Freed<gpiod_line_settings_free>> settings{
        gpiod_line_settings_new()};
    const std::unique_ptr<gpiod_line_config, Freed<gpiod_line_config_free>> lines{
        gpiod_line_config_new()};
    const std::unique_ptr<gpiod_request_config, Freed<gpiod_request_config_free>> config{
        gpiod_request_config_new()};
    if (!settings || !lines || !config ||
        gpiod_line_settings_set_direction(settings.get(), GPIOD_LINE_DIRECTION_OUTPUT) != 0 ||
        gpiod_line_config_add_line_settings(lines.get(), &offset_, 1, settings.get()) != 0)
      return false;
    gpiod_request_config_set_consumer(config.get(), consumer);
    request_.reset(gpiod_chip_request_lines(chip.get(), config.get(), lines.get()));
    return request_ != nullptr;
  }

  bool set(bool up) {
    return gpiod_line_request_set_value(request_.get(), offset_,
                                        up ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE) ==
           0;
  }

 private:
  static Chip chip_with(const std::string& name, unsigned& offset) {
    int code = ENOENT;
    for (const auto& entry : std::filesystem::directory_iterator{"/dev"}) {
      if (!entry.path().filename().string().starts_with("gpiochip")) continue;
      Chip chip{gpiod_chip_open(entry.path().c_str())};
      const int found = chip ? gpiod_chip_get_line_offset_from_name(chip.get(), name.c_str()) : -1;
      if (!chip) code = errno;
      if (found < 0) continue;
      offset = static_cast<unsigned>(found);
      return chip;
    }
    errno = code;
    return nullptr;
  }

  std::unique_ptr<gpiod_line_request, Freed<gpiod_line_request_release>> request_;
  unsigned offset_ = 0;
};

#endif

class GpioLine final : public PulseLine {
 public:
  explicit GpioLine(GpioOutput output) : output_(std::move(output)) {}

  Result<void> take() {
    if (!request_.take(output_)) return failure(output_, errno);
    return {};
  }

  Result<Edge> raise(Timekeeper& clock) override {
    Edge edge{clock.now(), {}};
    if (!request_.set(true)) return failure(output_, errno);
    edge.after = clock.now();
    return edge;
  }

  Result<void> lower() override {
    if (!request_.set(false)) return failure(output_, errno);
    return {};
  }

 private:
  GpioOutput output_;
  Request request_;
};

}  // namespace

Result<std::unique_ptr<PulseLine>> open_gpio(const GpioOutput& output) {
  auto line = std::make_unique<GpioLine>(output);
  TRY(line->take());
  return line;
}

}  // namespace ntsbox::pps
