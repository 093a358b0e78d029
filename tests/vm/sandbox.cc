// Does to a program what systemd does for debian/ntsboxd.service, in a guest that has no systemd:
// its user, no capability, its system calls (as a seccomp program) and its AppArmor profile.
//
//   sandbox UID FILTER PROFILE PROGRAM [ARGUMENT ...]

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

void must(bool done, std::string_view what) {
  if (!done) throw std::system_error(errno, std::generic_category(), std::string{what});
}

std::vector<sock_filter> filter_in(const char* path) {
  std::ifstream file{path, std::ios::binary};
  const std::vector<char> bytes{std::istreambuf_iterator<char>{file}, {}};
  std::vector<sock_filter> filter(bytes.size() / sizeof(sock_filter));
  std::string_view{bytes.data(), bytes.size()}.copy(reinterpret_cast<char*>(filter.data()),
                                                    filter.size() * sizeof(sock_filter));
  return filter;
}

void enter(uid_t user, const char* filter_path, const char* profile) {
  auto filter = filter_in(filter_path);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  must(!filter.empty(), filter_path);
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    must(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0, "PR_CAPBSET_DROP");
  must(setgroups(0, nullptr) == 0 && setgid(user) == 0 && setuid(user) == 0, "setuid");
  must(std::ofstream{"/proc/self/attr/exec"} << "exec " << profile << std::flush ? true : false,
       profile);
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0, "PR_SET_SECCOMP");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  try {
    enter(static_cast<uid_t>(std::stoul(argv[1])), argv[2], argv[3]);
    execvp(argv[4], argv + 4);
    must(false, argv[4]);
  } catch (const std::exception& error) {
    std::cerr << "sandbox: " << error.what() << '\n';
  }
  return 1;
}
