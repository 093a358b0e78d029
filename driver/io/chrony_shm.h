#pragma once
// chronyd's SHM refclock (chrony refclock_shm.c), the alternative to SOCK.

#include "driver/core/decision.h"
#include "driver/core/chrony_wire.h"

namespace ntsbox::driver {

class ChronyShm {
 public:
  /// For a unit of chrony.conf's "refclock SHM unit".
  explicit ChronyShm(int unit) : unit_(unit) {}

  ~ChronyShm();
  ChronyShm(const ChronyShm&) = delete;
  ChronyShm& operator=(const ChronyShm&) = delete;

  /// Writes `sample` into the segment, once one exists that belongs to root or to this user:
  /// anybody may make a segment first. 0 when written, else an errno: ENOENT (none yet), EPERM
  /// (somebody else's), EACCES, EINVAL (too small). A segment that was removed and made again is
  /// found again.
  int send(const Sample& sample);

 private:
  int attach();
  void detach();

  int unit_;
  int id_ = -1;
  ShmTime* segment_ = nullptr;
};

}  // namespace ntsbox::driver
