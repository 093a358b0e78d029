// Any text as /etc/ntsbox/ntsboxd.toml: settings, or an error in words.

#include "driver/core/settings.h"
#include "tests/fuzz/require.h"

using namespace ntsbox;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto settings = driver::parse_settings(fuzz::text_of(data, size), "ntsboxd.toml");
  if (settings)
    fuzz::require(settings->gpsd.port > 0 && settings->gpsd.port < 65'536);
  else
    fuzz::require(settings.error().message.find("ntsboxd.toml") != std::string::npos);
  return 0;
}
