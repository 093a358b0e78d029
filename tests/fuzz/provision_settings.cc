// Any text as /etc/ntsbox/provision.toml: settings that are written and read back the same, or an
// error in words that carries no control characters on.

#include <algorithm>

#include "provision/core/settings.h"
#include "tests/fuzz/require.h"

using namespace ntsbox;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto settings = provision::parse_settings(fuzz::text_of(data, size), "provision.toml");
  if (!settings) {
    const auto& message = settings.error().message;
    fuzz::require(message.find("provision.toml") != std::string::npos);
    fuzz::require(std::none_of(message.begin(), message.end(), [](unsigned char c) {
      return (c < ' ' && c != '\n') || c == 0x7f;
    }));
    return 0;
  }
  const auto again =
      provision::parse_settings(provision::render_settings(*settings), "provision.toml");
  fuzz::require(again && *again == *settings);
  return 0;
}
