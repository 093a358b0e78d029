// Stands where chronyd's SOCK refclocks would stand, on several paths at once, and tells how long
// after its edge each datagram was queued: the kernel stamps it when it is sent (SO_TIMESTAMPNS),
// so that the meter's own wake-up does not count. One line a datagram: "PATH SECOND_OF_THE_EDGE
// LATENCY_NS".

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <vector>

namespace {

int listen_at(const char* path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::strncpy(at.sun_path, path, sizeof at.sun_path - 1);
  unlink(path);
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  return bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 ? fd : -1;
}

void report(int fd, const char* path) {
  alignas(cmsghdr) char control[256];
  char data[64];
  iovec part{data, sizeof data};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(fd, &message, 0) < static_cast<ssize_t>(sizeof(timeval))) return;
  const auto* head = CMSG_FIRSTHDR(&message);
  if (head == nullptr || head->cmsg_type != SCM_TIMESTAMPNS) return;
  timespec sent{};
  timeval edge{};
  std::memcpy(&sent, CMSG_DATA(head), sizeof sent);
  std::memcpy(&edge, data, sizeof edge);
  const auto latency = (std::int64_t{sent.tv_sec} - edge.tv_sec) * 1'000'000'000 + sent.tv_nsec -
                       edge.tv_usec * 1000;
  std::cout << path << ' ' << edge.tv_sec << ' ' << latency << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<pollfd> fds;
  for (int i = 1; i < argc; ++i) {
    fds.push_back({listen_at(argv[i]), POLLIN, 0});
    if (fds.back().fd < 0) {
      std::perror(argv[i]);
      return 1;
    }
  }
  std::cout << "listening" << std::endl;
  while (poll(fds.data(), fds.size(), -1) > 0)
    for (std::size_t i = 0; i < fds.size(); ++i)
      if (fds[i].revents != 0) report(fds[i].fd, argv[i + 1]);
}
