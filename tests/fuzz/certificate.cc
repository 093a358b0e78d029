// Any text as PEM: a chain, a certificate, a key, a request.

#include "certs/inspect.h"
#include "tests/fuzz/require.h"

using namespace ntsbox;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  if (const auto chain = certs::split_chain(text)) {
    for (const auto& pem : *chain) static_cast<void>(certs::inspect(pem));
  }
  static_cast<void>(certs::check_pair(text, text));
  return 0;
}
