#pragma once
// What a fuzz target demands of what it feeds.

#include <cstdlib>
#include <string_view>

namespace ntsbox::fuzz {

/// A finding, as a crash is one.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace ntsbox::fuzz

/// What libFuzzer calls, time and again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

namespace ntsbox::fuzz {

inline std::string_view text_of(const unsigned char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace ntsbox::fuzz
