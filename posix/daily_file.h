#pragma once
// Lines kept for weeks: one file a day, written seldom, and never more than so many of them.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace ntsbox {

class DailyFile {
 public:
  /// Lines that wait for each other, so that an SD card is written to six times an hour. A cut of
  /// power costs these, and what the kernel has not yet written of those before (half a minute).
  static constexpr int batch = 10;
  /// More than a day may need: a day that would be longer is not written on.
  static constexpr std::size_t longest_day = std::size_t{1} << 20;

  /// `folder`/2026-11-26.jsonl, the newest `days` of them (by their names: a clock that was wrong
  /// for a while deletes none of the others). The folder is made when it is missing; its parent
  /// must exist. No folder, or 0 days: nothing is kept.
  DailyFile(const std::string& folder, int days);

  /// Takes a line with its line feed, which belongs to the day of `when`. True when it was time to
  /// write. Fails when it was and writing failed: the lines that waited are lost.
  Result<bool> add(UtcSecond when, std::string_view line);
  /// Writes what waits; true when anything did.
  Result<bool> flush();

 private:
  Result<void> append(const std::string& path);
  void drop_oldest();

  std::string folder_;  // "": nothing is kept
  std::size_t days_;
  std::string day_;  // of what waits: "2026-11-26"
  std::string waiting_;
  int lines_ = 0;
  std::string pruned_;  // the day on which that was last done
};

}  // namespace ntsbox
