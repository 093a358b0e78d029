#include "driver/io/chrony_sink.h"

#include <fmt/format.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "driver/core/chrony_wire.h"
#include "posix/file.h"

namespace ntsbox::driver {
namespace {

bool trusted(uid_t owner) {
  return owner == 0 || owner == geteuid();
}

/// Whether the segment was removed (IPC_RMID), and lives on for those alone who hold it.
bool removed(int id) {
  shmid_ds status{};
  return shmctl(id, IPC_STAT, &status) != 0 || (status.shm_perm.mode & SHM_DEST) != 0;
}

class ChronySocket final : public Sink {
 public:
  explicit ChronySocket(const sockaddr_un& address) : address_(address) {}

  int send(const Sample& sample) override;

 private:
  sockaddr_un address_;
  UniqueFd socket_;
};

class ChronyShm final : public Sink {
 public:
  explicit ChronyShm(int unit) : unit_(unit) {}

  ~ChronyShm() override { detach(); }

  ChronyShm(const ChronyShm&) = delete;
  ChronyShm& operator=(const ChronyShm&) = delete;

  int send(const Sample& sample) override;

 private:
  int attach();
  void detach();

  int unit_;
  int id_ = -1;
  ShmTime* segment_ = nullptr;
};

int ChronySocket::send(const Sample& sample) {
  const auto datagram = encode(sample);
  if (!socket_) socket_ = UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket_) return errno;
  const auto sent = ::sendto(socket_.get(), datagram.bytes().data(), datagram.bytes().size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
  return sent < 0 ? errno : 0;
}

int ChronyShm::send(const Sample& sample) {
  if (segment_ && removed(id_)) detach();
  const int code = segment_ ? 0 : attach();
  if (code != 0 || !segment_) return code;
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
  // shmat(2) fails with (void*)-1.
  if (memory == reinterpret_cast<void*>(-1)) return errno;  // NOLINT(performance-no-int-to-ptr)
  id_ = id;
  segment_ = static_cast<ShmTime*>(memory);
  return 0;
}

void ChronyShm::detach() {
  if (segment_) shmdt(segment_);
  segment_ = nullptr;
}

}  // namespace

Result<std::unique_ptr<Sink>> open_sink(const ChronySink& sink) {
  if (const auto* shm = std::get_if<ShmSink>(&sink)) return std::make_unique<ChronyShm>(shm->unit);
  TRY(const auto address, unix_address(std::get<SockSink>(sink).path));
  return std::make_unique<ChronySocket>(address);
}

std::string name_of(const ChronySink& sink) {
  if (const auto* shm = std::get_if<ShmSink>(&sink)) return fmt::format("shm:{}", shm->unit);
  return std::get<SockSink>(sink).path;
}

}  // namespace ntsbox::driver
