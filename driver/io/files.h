#pragma once
// The files of the daemon, less the status file and the history: its settings, the lock of the only
// instance, the last second it was sure of, and the event log.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "driver/core/settings.h"
#include "posix/file.h"

namespace ntsbox::driver {

/// Reads a regular file of at most 64 KiB. A file that is not there gives the defaults, unless it
/// `must_exist`. An error is one line that names the file, what is wrong with it and what to do.
[[nodiscard]] Result<Settings> read_settings(const std::string& path, bool must_exist);

/// One daemon at a time: two that feed one chronyd would corrupt its time. Holds a lock beside the
/// status file for as long as the descriptor lives. Empty, without
/// protection, when `status_file` is "" or its folder cannot be written. Fails when another daemon
/// holds it.
[[nodiscard]] Result<UniqueFd> claim_instance(const std::string& status_file);

/// The last second that the daemon was sure of, kept over restarts: no earlier date is accepted.
class LastSecond {
 public:
  /// `folder` is the state folder; "" keeps nothing.
  explicit LastSecond(const std::string& folder);

  /// What was kept; empty when nothing was, or a second after `latest` (a damaged file must not
  /// make the daemon refuse true dates). Losing it is harmless.
  [[nodiscard]] std::optional<UtcSecond> read(UtcSecond latest) const;

  /// Keeps `second` when the last one kept is an hour old or `now_or_never`. Atomic. Fails with a
  /// message.
  Result<void> keep(UtcSecond second, bool now_or_never);

 private:
  std::string path_;
  std::optional<UtcSecond> kept_;
};

/// `--record FILE`: appends every event to an event log.
class Recorder {
 public:
  /// Opens `path` for appending (0640, created when absent). Fails with a message.
  static Result<Recorder> open(const std::string& path);

  /// Appends one line. After a failed or a short write the log is closed, since its last line may
  /// be cut: the error is returned once, and later lines are dropped in silence.
  Result<void> append(std::string_view line);

 private:
  Recorder(UniqueFd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  UniqueFd file_;
  std::string path_;
};

/// Replays the event log at `path` ("-" is standard input) and prints its decisions on standard
/// output. Fails on a log that cannot be read or is malformed (the error names the file and the
/// line), after the decisions that came before; then there is no summary.
[[nodiscard]] Result<void> replay_file(const std::string& path);

}  // namespace ntsbox::driver
