#pragma once
// `--record FILE`: appends every event to an event log.

#include <string>
#include <string_view>

#include "base/result.h"
#include "posix/unique_fd.h"

namespace ntsbox::driver {

class Recorder {
 public:
  /// Opens `path` for appending (0640, made when absent). Fails in words.
  static Result<Recorder> open(const std::string& path);

  /// Appends one line. After a failed or a short write the log is closed, since its last line may
  /// be cut: the error is returned once, and later lines are dropped in silence.
  Result<void> append(std::string_view line);

 private:
  Recorder(UniqueFd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  UniqueFd file_;
  std::string path_;
};

}  // namespace ntsbox::driver
