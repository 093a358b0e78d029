#include "driver/io/pulse_feed.h"

#include "driver/io/pulse_stream.h"
#include "driver/io/pulse_thread.h"

namespace ntsbox::driver {

std::unique_ptr<PulseFeed> open_pulse_feed(const PulseSource& source) {
  if (const auto* stream = std::get_if<StreamSource>(&source))
    return std::make_unique<PulseStream>(stream->path);
  return std::make_unique<PulseThread>(source);
}

}  // namespace ntsbox::driver
