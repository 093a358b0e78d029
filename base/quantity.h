#pragma once

#include <string>

#include "base/time.h"

namespace ntsbox {

/// The size of it, for the eye: "35 ns", "3.1 us", "12 ms", "1.5 s".
[[nodiscard]] std::string size_of(nanoseconds time);

/// The same of a bound: rounded up, so that it stays one.
[[nodiscard]] std::string at_most(nanoseconds bound);

/// The same with its sign: "+3.1 us".
[[nodiscard]] std::string signed_size_of(nanoseconds time);

/// "45 s", "12 min", "3 h 5 min", "2 d 4 h", "400 d".
[[nodiscard]] std::string span_of(seconds time);

/// "2026-11-25 09:00:00".
[[nodiscard]] std::string date_of(UtcSecond second);

}  // namespace ntsbox
