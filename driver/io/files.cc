#include "driver/io/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "driver/core/event_log.h"

namespace ntsbox::driver {
namespace {

constexpr std::size_t longest_settings = std::size_t{64} << 10;

// Seldom, to spare an SD card; losing an hour of it costs nothing.
constexpr seconds interval_kept = 1h;
constexpr std::size_t longest_last_second = 64;

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

Result<Settings> read_settings(const std::string& path, bool must_exist) {
  const bool missing = ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
  if (missing && !must_exist) return Settings{};
  if (missing)
    return fail(ENOENT, path + ": is the name right? Without --config the defaults serve");
  const auto text = read_file(path, longest_settings);
  if (!text)
    return fail(text.error().message +
                " (the settings are a short text file, readable by the daemon's user)");
  return parse_settings(*text, path);
}

Result<UniqueFd> claim_instance(const std::string& status_file) {
  if (status_file.empty()) return UniqueFd{};
  const auto path = status_file + ".lock";
  UniqueFd lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock) return UniqueFd{};
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return fail(errno, path);
  return fail("another ntsboxd is running already (it holds " + path +
              "): stop it first, or give this one its own [files] status and [chrony] socket");
}

LastSecond::LastSecond(const std::string& folder)
    : path_(folder.empty() ? "" : folder + "/last-second") {}

std::optional<UtcSecond> LastSecond::read(UtcSecond latest) const {
  if (path_.empty()) return std::nullopt;
  auto text = read_file(path_, longest_last_second);
  if (!text) return std::nullopt;
  if (!text->empty() && text->back() == '\n') text->pop_back();
  const auto date = parse_iso_utc(*text);
  if (!date || date->second > latest) return std::nullopt;
  return date->second;
}

Result<void> LastSecond::keep(UtcSecond second, bool now_or_never) {
  // Backwards too: a receiver that had lied was found out.
  const bool due = !kept_ || std::chrono::abs(second - *kept_) >= interval_kept || now_or_never;
  if (path_.empty() || !due || kept_ == second) return {};
  // Also after a failure: to try again at each second would fill the log.
  kept_ = second;
  return replace_file(path_, format_iso_utc(second) + "\n");
}

Result<Recorder> Recorder::open(const std::string& path) {
  UniqueFd file{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)};
  if (!file) return fail(errno, path + ": cannot be recorded to");

  // A log whose last line was cut by a crash would be malformed for ever.
  struct stat status {};

  if (fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    const UniqueFd reader{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (reader && is_cut(reader.get(), status.st_size))
      return fail(path + ": its last line is cut; remove that line, or record to another file");
  }
  return Recorder{std::move(file), path};
}

Result<void> Recorder::append(std::string_view line) {
  const int code = file_ ? append_whole(file_.get(), line) : 0;
  if (code == 0) return {};
  file_.reset();
  return fail(code, path_ + ": recording ends here");
}

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
