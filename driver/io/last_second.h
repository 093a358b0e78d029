#pragma once
// The last second that the daemon was sure of, kept over restarts: no date before it will be
// believed.

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace ntsbox::driver {

class LastSecond {
 public:
  /// `folder` is the state folder; "" keeps nothing.
  explicit LastSecond(const std::string& folder);

  /// What was kept; empty when nothing was, or nothing believable (it may not lie beyond `ceiling`:
  /// a damaged file must not lock out the truth). Losing it is harmless.
  [[nodiscard]] std::optional<UtcSecond> read(UtcSecond ceiling) const;

  /// Keeps `second` when the last one kept is an hour old or `now_or_never`. Atomic. Fails in
  /// words.
  Result<void> keep(UtcSecond second, bool now_or_never);

 private:
  std::string path_;
  std::optional<UtcSecond> kept_;
};

}  // namespace ntsbox::driver
