#include "driver/io/pulse_feed.h"

#include "driver/io/pulse_stream.h"
#include "driver/io/pulse_thread.h"

namespace ntsbox::driver {

std::unique_ptr<PulseFeed> open_pulse_feed(const PulseSource& source) {
  if (const auto* stream = std::get_if<StreamSource>(&source))
    return std::make_unique<PulseStream>(stream->path);
  return std::make_unique<PulseThread>(source);
}

std::string name_of(const PulseSource& source) {
  if (const auto* stream = std::get_if<StreamSource>(&source)) return "stream:" + stream->path;
  if (const auto* clock = std::get_if<PhcSource>(&source))
    return "phc:" + clock->path + ":" + std::to_string(clock->pin);
  return std::get<PpsSource>(source).path;
}

}  // namespace ntsbox::driver
