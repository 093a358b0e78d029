#include "driver/io/replay_file.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "driver/core/replay.h"

namespace ntsbox::driver {
namespace {

constexpr std::size_t flush_at = std::size_t{1} << 16;

bool print(std::string& out) {
  const bool printed = std::fwrite(out.data(), 1, out.size(), stdout) == out.size();
  out.clear();
  return printed;
}

Result<void> replay(std::istream& log, const std::string& name) {
  Replay replay;
  std::string line;
  std::string out;
  while (std::getline(log, line)) {
    if (const auto taken = replay.line(line, out); !taken) {
      print(out);
      return fail(name + ": " + taken.error().message);
    }
    if (out.size() >= flush_at && !print(out)) return fail(errno, "standard output");
  }
  if (log.bad()) return fail(name + ": cannot be read to its end");
  out += replay.summary();
  if (!print(out) || std::fflush(stdout) != 0) return fail(errno, "standard output");
  return {};
}

}  // namespace

Result<void> replay_file(const std::string& path) {
  if (path == "-") {
    std::ios::sync_with_stdio(false);
    return replay(std::cin, "standard input");
  }
  std::ifstream log{path, std::ios::binary};
  if (!log) return fail(errno, path + ": cannot be opened");
  return replay(log, path);
}

}  // namespace ntsbox::driver
