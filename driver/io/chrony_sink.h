#pragma once
// Where samples go: chronyd's SOCK or SHM refclock, as the settings say.

#include <memory>

#include "base/result.h"
#include "driver/core/decision.h"
#include "driver/core/settings.h"

namespace ntsbox::driver {

class Sink {
 public:
  virtual ~Sink() = default;
  /// Never blocks. 0 when the sample was taken, else an errno.
  virtual int send(const Sample& sample) = 0;
};

/// Fails in words when the settings cannot name a sink at all; one that is not there yet is no
/// failure.
[[nodiscard]] Result<std::unique_ptr<Sink>> open_sink(const ChronySink& sink);

/// "/run/chrony.ntsbox.sock" or "shm:8".
[[nodiscard]] std::string name_of(const ChronySink& sink);

}  // namespace ntsbox::driver
