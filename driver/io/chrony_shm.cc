#include "driver/io/chrony_shm.h"

#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>

namespace ntsbox::driver {
namespace {

bool trusted(uid_t owner) {
  return owner == 0 || owner == geteuid();
}

}  // namespace

ChronyShm::~ChronyShm() {
  detach();
}

int ChronyShm::send(const Sample& sample) {
  shmid_ds status{};
  const bool removed =
      segment_ && (shmctl(id_, IPC_STAT, &status) != 0 || (status.shm_perm.mode & SHM_DEST) != 0);
  if (removed) detach();
  if (!segment_)
    if (const int code = attach()) return code;
  write_sample(*segment_, sample);
  return 0;
}

int ChronyShm::attach() {
  const int id = shmget(shm_key(unit_), 0, 0);
  if (id < 0) return errno;
  shmid_ds status{};
  if (shmctl(id, IPC_STAT, &status) != 0) return errno;
  if (!trusted(status.shm_perm.uid) || !trusted(status.shm_perm.cuid)) return EPERM;
  if (status.shm_segsz < sizeof(ShmTime)) return EINVAL;
  void* memory = shmat(id, nullptr, 0);
  if (memory == reinterpret_cast<void*>(-1)) return errno;
  id_ = id;
  segment_ = static_cast<ShmTime*>(memory);
  return 0;
}

void ChronyShm::detach() {
  if (segment_) shmdt(segment_);
  segment_ = nullptr;
}

}  // namespace ntsbox::driver
