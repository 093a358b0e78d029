#include "posix/daily_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "posix/file.h"

namespace ntsbox {
namespace {

constexpr std::string_view suffix = ".jsonl";

std::string day_of(UtcSecond when) {
  return format_iso_utc(when).substr(0, std::string_view{"2026-11-26"}.size());
}

}  // namespace

DailyFile::DailyFile(const std::string& folder, int days)
    : folder_(days == 0 ? "" : folder), days_(static_cast<std::size_t>(days)) {}

Result<bool> DailyFile::add(UtcSecond when, std::string_view line) {
  if (folder_.empty()) return false;
  Result<bool> flushed = false;
  if (const auto day = day_of(when); day != day_) {
    flushed = flush();
    day_ = day;
  }
  waiting_ += line;
  if (++lines_ < batch) return flushed;
  return flush();
}

Result<bool> DailyFile::flush() {
  if (waiting_.empty()) return false;
  if (::mkdir(folder_.c_str(), 0755) == 0) (void)::chmod(folder_.c_str(), 0755);
  const auto appended = append(folder_ + "/" + day_ + std::string{suffix});
  // Gone also when they could not be written: a disk that is full for a week must not fill the
  // memory.
  waiting_.clear();
  lines_ = 0;
  if (!appended) return tl::unexpected(appended.error());
  if (pruned_ != day_) drop_oldest();
  return true;
}

Result<void> DailyFile::append(const std::string& path) {
  const UniqueFd file{
      ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)};
  if (!file) return fail(errno, path + ": cannot be written");

  struct stat status {};

  if (::fstat(file.get(), &status) != 0) return fail(errno, path + ": cannot be written");
  // For everybody to read, whatever the umask.
  if (status.st_size == 0) (void)::fchmod(file.get(), 0644);
  // A line that was cut is ended, so that what follows is a line of its own.
  if (is_cut(file.get(), status.st_size)) waiting_.insert(0, "\n");
  if (static_cast<std::size_t>(status.st_size) + waiting_.size() > longest_day)
    return fail(path + ": is as long as a day may be, and not written on");
  if (const int code = append_whole(file.get(), waiting_))
    return fail(code, path + ": cannot be written");
  return {};
}

void DailyFile::drop_oldest() {
  pruned_ = day_;
  std::error_code code;
  std::vector<std::string> found;
  for (auto entry = std::filesystem::directory_iterator{folder_, code};
       !code && entry != std::filesystem::directory_iterator{}; entry.increment(code)) {
    const auto name = entry->path().filename().string();
    if (name.size() == day_.size() + suffix.size() && name.ends_with(suffix)) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i + days_ < found.size(); ++i)
    std::filesystem::remove(folder_ + "/" + found[i], code);
}

}  // namespace ntsbox
