// chronyd's two refclocks as ntsboxd meets them: a socket that comes, goes and fills, and a shared
// memory segment.

#include "driver/io/chrony_sink.h"

#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "driver/core/chrony_wire.h"
#include "posix/file.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using ntsbox::test::Folder;

namespace {

const Sample a_sample{
    SystemTime{1795341600s + 123'456'789ns}, UtcSecond{seconds{1795341600}}, -123'456'789ns, {}};

/// Where chronyd would listen.
UniqueFd listener(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)};
  REQUIRE(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

std::unique_ptr<Sink> opened(const ChronySink& chosen) {
  auto sink = open_sink(chosen);
  REQUIRE(sink);
  return std::move(*sink);
}

int send(const std::unique_ptr<Sink>& sink) {
  return sink->send(a_sample);
}

}  // namespace

TEST_CASE("the socket heals by itself, whatever became of its other end",
          "[driver][chrony-socket]") {
  const Folder folder;
  const auto path = folder / "sock";
  const auto socket = opened(SockSink{path});
  CHECK(send(socket) == ENOENT);
  {
    const auto chronyd = listener(path);
    CHECK(send(socket) == 0);
    std::array<char, 64> bytes{};
    CHECK(::recv(chronyd.get(), bytes.data(), bytes.size(), 0) ==
          std::ssize(encode(a_sample).bytes()));
  }
  CHECK(send(socket) == ECONNREFUSED);  // the name stays, as after a chronyd that was killed
  const auto chronyd = listener(path);
  CHECK(send(socket) == 0);
}

TEST_CASE("a full queue blocks nothing, and takes samples again once it is read",
          "[driver][chrony-socket]") {
  const Folder folder;
  const auto path = folder / "sock";
  const auto chronyd = listener(path);
  const auto socket = opened(SockSink{path});
  int sent = 0;
  while (send(socket) == 0 && sent < 100'000) ++sent;
  CHECK(send(socket) == EAGAIN);
  std::array<char, 64> bytes{};
  while (::recv(chronyd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
  }
  CHECK(send(socket) == 0);
}

TEST_CASE("nothing is made, changed or removed at the socket's path", "[driver][chrony-socket]") {
  const Folder folder;
  const auto path = folder / "sock";
  const auto socket = opened(SockSink{path});
  SECTION("a file") {
    std::ofstream{path} << "theirs";
    CHECK(send(socket) == ECONNREFUSED);
    CHECK(std::filesystem::file_size(path) == 6);
  }
  SECTION("a folder") {
    std::filesystem::create_directory(path);
    CHECK(send(socket) == ECONNREFUSED);
    CHECK(std::filesystem::is_directory(path));
  }
  SECTION("a link to nowhere") {
    std::filesystem::create_symlink(folder / "nowhere", path);
    CHECK(send(socket) == ENOENT);
    CHECK(std::filesystem::is_symlink(path));
  }
  SECTION("a stream socket") {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd stream{::socket(AF_UNIX, SOCK_STREAM, 0)};
    REQUIRE(bind(stream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    CHECK(send(socket) == EPROTOTYPE);
  }
}

TEST_CASE("a path that no socket can have is refused in words", "[driver][chrony-socket]") {
  CHECK(open_sink(SockSink{"/" + std::string(106, 'x')}));
  const auto refused = open_sink(SockSink{"/" + std::string(107, 'x')});
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Matchers::ContainsSubstring("107 bytes"));
}

namespace {

/// A segment as chronyd makes it.
struct Segment {
  explicit Segment(std::size_t size = sizeof(ShmTime))
      : id(shmget(shm_key(unit), size, IPC_CREAT | IPC_EXCL | 0600)) {
    REQUIRE(id >= 0);
    memory = static_cast<ShmTime*>(shmat(id, nullptr, 0));
  }

  ~Segment() {
    shmdt(memory);
    shmctl(id, IPC_RMID, nullptr);
  }

  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  /// No other process has it: segments are shared by all of a machine.
  static inline const int unit = 1000 + getpid();
  int id;
  ShmTime* memory = nullptr;
};

/// What chronyd would read (chrony refclock_shm.c, shm_poll); empty while the writer is at work.
std::optional<ShmTime> read(ShmTime& segment) {
  ShmTime copy{};
  const std::atomic_ref<int> count{const_cast<int&>(segment.count)};
  const int before = count.load();
  std::memcpy(static_cast<void*>(&copy), &segment, sizeof copy);
  if (copy.valid == 0 || count.load() != before || before != copy.count) return std::nullopt;
  return copy;
}

}  // namespace

TEST_CASE("a sample in shared memory has its fields in agreement", "[driver][shm]") {
  const Segment segment;
  const auto shm = opened(ShmSink{Segment::unit});
  auto late = a_sample;
  late.correction = 1500ns;
  REQUIRE(shm->send(late) == 0);
  const auto sample = read(*segment.memory);
  REQUIRE(sample);
  CHECK(sample->mode == 1);
  CHECK(sample->leap == 0);
  CHECK(sample->receive_sec == 1795341600);
  CHECK(sample->receive_nsec == 123'456'789);
  CHECK(sample->receive_usec == 123'456);
  CHECK(sample->clock_sec == 1795341600);
  CHECK(sample->clock_nsec == 1500);
  CHECK(sample->clock_usec == 1);
}

TEST_CASE("only a segment that exists, is of a trusted owner and large enough is written to",
          "[driver][shm]") {
  const auto shm = opened(ShmSink{Segment::unit});
  CHECK(shm->send(a_sample) == ENOENT);
  {
    const Segment small{sizeof(ShmTime) - 1};
    CHECK(shm->send(a_sample) == EINVAL);
  }
  {
    const Segment segment;
    shmid_ds status{};
    shmctl(segment.id, IPC_STAT, &status);
    status.shm_perm.uid = 65534;
    if (geteuid() == 0) {
      REQUIRE(shmctl(segment.id, IPC_SET, &status) == 0);
      CHECK(shm->send(a_sample) == EPERM);
    }
  }
  {
    const Segment segment;
    CHECK(shm->send(a_sample) == 0);
  }
  // Removed, and made again.
  const Segment again;
  CHECK(shm->send(a_sample) == 0);
  CHECK(read(*again.memory));
}

TEST_CASE("a reader that races with the writer sees a whole sample or none", "[driver][shm]") {
  // Another process reads, as chronyd does.
  struct Shared {
    ShmTime segment;
    std::atomic<bool> done;
    std::atomic<int> torn;
  };

  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* shared = std::construct_at(static_cast<Shared*>(memory));
  const auto reader = fork();
  if (reader == 0) {
    while (!shared->done) {
      const auto sample = read(shared->segment);
      if (!sample) continue;
      const auto i = static_cast<std::int64_t>(sample->receive_nsec);
      if (sample->receive_sec != i || sample->clock_sec != i || sample->clock_nsec != 2 * i)
        ++shared->torn;
    }
    _exit(0);
  }
  for (int i = 1; i <= 500'000; ++i) {
    const nanoseconds stamp = seconds{i} + nanoseconds{i};
    write_sample(shared->segment, {SystemTime{stamp}, UtcSecond{}, nanoseconds{i}, 0ns});
  }
  shared->done = true;
  int status = 0;
  CHECK(waitpid(reader, &status, 0) == reader);
  CHECK(status == 0);
  CHECK(shared->torn == 0);
  CHECK(read(shared->segment));
  munmap(memory, sizeof(Shared));
}
