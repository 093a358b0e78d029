#pragma once
// Where samples go: chronyd's SOCK or SHM refclock, as the settings say.

#include <sys/un.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "driver/core/chrony_wire.h"
#include "driver/core/decision.h"
#include "driver/core/settings.h"
#include "posix/file.h"

namespace ntsbox::driver {

class Sink {
 public:
  virtual ~Sink() = default;
  /// Never blocks. 0 when the sample was taken, else an errno.
  virtual int send(const Sample& sample) = 0;
};

/// Fails, with a message, when the settings cannot name a sink at all; a sink that is not there yet
/// is no failure.
[[nodiscard]] Result<std::unique_ptr<Sink>> open_sink(const ChronySink& sink);

/// "/run/chrony.ntsbox.sock" or "shm:8".
[[nodiscard]] std::string name_of(const ChronySink& sink);

/// chronyd's SOCK refclock (chrony refclock_sock.c). The socket is never connected, so that a
/// restart of chronyd costs nothing, and never bound, since chronyd's AppArmor profile forbids
/// answers to a path.
class ChronySocket final : public Sink {
 public:
  /// For the socket at `path`, which need not exist. Fails, with a message, when no socket can have
  /// that path.
  static Result<ChronySocket> open(const std::string& path);

  /// Sends one datagram to the path, and never creates or removes anything there. ENOENT and
  /// ECONNREFUSED: chronyd does not run; EAGAIN: its queue is full.
  int send(const Sample& sample) override;

 private:
  explicit ChronySocket(const sockaddr_un& address) : address_(address) {}

  sockaddr_un address_{};
  UniqueFd socket_;
};

/// chronyd's SHM refclock (chrony refclock_shm.c), the alternative to SOCK.
class ChronyShm final : public Sink {
 public:
  /// For a unit of chrony.conf's "refclock SHM unit".
  explicit ChronyShm(int unit) : unit_(unit) {}

  ~ChronyShm() override;
  ChronyShm(const ChronyShm&) = delete;
  ChronyShm& operator=(const ChronyShm&) = delete;

  /// Writes `sample` into the segment, once one exists that belongs to root or to this user: any
  /// user may create a segment first. ENOENT: there is none yet; EPERM: it is another user's;
  /// EINVAL: it is too small. A segment that was removed and created again is found again.
  int send(const Sample& sample) override;

 private:
  int attach();
  void detach();

  int unit_;
  int id_ = -1;
  ShmTime* segment_ = nullptr;
};

}  // namespace ntsbox::driver
