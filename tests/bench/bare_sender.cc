// The least that any program can do between a pulse stream and chronyd's socket: read a line, send
// 40 bytes. No judgement at all. What ntsboxd's latency is compared with.

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

sockaddr_un address(const char* path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  return to;
}

struct Datagram {
  timeval tv;
  double offset;
  int pulse;
  int leap;
  int pad;
  int magic;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto from = address(argv[1]);
  const auto to = address(argv[2]);
  const int pulses = socket(AF_UNIX, SOCK_STREAM, 0);
  const int chrony = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (connect(pulses, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
    std::perror(argv[1]);
    return 1;
  }
  (void)std::puts("connected");
  (void)std::fflush(stdout);
  char line[128];
  for (;;) {
    const auto got = read(pulses, line, sizeof line - 1);
    if (got <= 0) return 0;
    line[got] = '\0';
    char* fraction = nullptr;
    const auto second = std::strtoll(line, &fraction, 10);
    const auto ns = std::strtoll(fraction + 1, nullptr, 10);
    const Datagram sample{
        {second, ns / 1000},
        ns < 500'000'000 ? -1e-9 * static_cast<double>(ns) : 1 - 1e-9 * static_cast<double>(ns),
        0,
        0,
        0,
        0x534f434b};
    sendto(chrony, &sample, sizeof sample, MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to),
           sizeof to);
  }
}
