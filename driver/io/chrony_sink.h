#pragma once
// Where samples go: chronyd's SOCK or SHM refclock, as the settings say.

#include <memory>
#include <string>

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

/// Fails, with a message, when the settings cannot name a sink at all; a sink that is not there yet
/// is no failure.
///
/// SOCK (chrony refclock_sock.c): sends one datagram to the path, and never creates or removes
/// anything there. The socket is never connected, so that a restart of chronyd costs nothing, and
/// never bound, since chronyd's AppArmor profile forbids answers to a path. ENOENT and
/// ECONNREFUSED: chronyd does not run; EAGAIN: its queue is full.
///
/// SHM (chrony refclock_shm.c): writes into the segment, once one exists that belongs to root or to
/// this user: any user may create a segment first. ENOENT: there is none yet; EPERM: it is another
/// user's; EINVAL: it is too small. A segment that was removed and created again is found again.
[[nodiscard]] Result<std::unique_ptr<Sink>> open_sink(const ChronySink& sink);

/// "/run/chrony.ntsbox.sock" or "shm:8".
[[nodiscard]] std::string name_of(const ChronySink& sink);

}  // namespace ntsbox::driver
