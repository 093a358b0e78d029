#pragma once
// A generation: what one run changed, kept so that it can be rolled back. The log is one JSON
// object a line; the bytes that it replaced lie beside it, a file each, and never in it.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "provision/core/entry.h"

namespace ntsbox::provision {

/// Root's alone, 0700. Not below /var/lib/ntsbox: that is ntsboxd's StateDirectory, and systemd
/// gives such a folder with all that is in it to the daemon's user (systemd.exec(5)).
inline constexpr char state_folder[] = "/var/lib/ntsbox-provision";

/// An entry without its bytes: `content` is the SHA-256, in hex, of a file's bytes or a link's
/// target.
struct Trace {
  Entry::Kind kind = Entry::Kind::file;
  unsigned mode = 0;
  std::string owner, group;
  std::string content;
  bool modeless = false;

  friend bool operator==(const Trace&, const Trace&) = default;
};

/// "file", "folder", "link" or "other".
[[nodiscard]] std::string_view name_of(Entry::Kind kind);

[[nodiscard]] Trace trace_of(const Entry& entry);
[[nodiscard]] std::optional<Trace> trace_of(const std::optional<Entry>& entry);

/// One path of a run. Empty: nothing is there.
struct Step {
  std::string path;
  std::optional<Trace> before, after;
  bool secret = false;
  std::string why;

  friend bool operator==(const Step&, const Step&) = default;
};

/// A unit that the run starts, stops or restarts, and how it was.
struct UnitState {
  std::string unit;
  bool active = false;

  friend bool operator==(const UnitState&, const UnitState&) = default;
};

struct Transaction {
  int generation = 0;       // from 1
  std::string scope;        // whose files: "box", or "trust NAME"
  std::string version;      // of the program
  UtcSecond begun{};        // by the machine's clock
  std::vector<Step> steps;  // in the order in which they are done
  std::vector<UnitState> units;
  std::vector<std::string> packages;  // that the run installed first: no rollback removes them
  // Not part of the text: files of their own mark these.
  bool done = false;       // else it was cut short, or is being rolled back
  bool keep_keys = false;  // it is being rolled back, without the master copies

  friend bool operator==(const Transaction&, const Transaction&) = default;
};

[[nodiscard]] std::string render_log(const Transaction& transaction);
/// An error names `file` and the line.
[[nodiscard]] Result<Transaction> parse_log(std::string_view text, const std::string& file);

/// The file, in the generation's folder, that keeps the bytes (a link's: its target) that stood at
/// the path of step `index`.
[[nodiscard]] std::string kept_original(std::size_t index);

/// What we wrote last at a path, and where the bytes are that were there before we ever came.
struct OwnedPath {
  std::optional<Trace> after;
  std::optional<Trace> origin;
  int generation = 0;     // of the origin
  std::size_t index = 0;  // of its step
  bool secret = false;
};

using Manifest = std::map<std::string, OwnedPath>;

/// What ntsbox has written after `history` (in order, the finished ones), as far as `scope` goes. A
/// path that is again as it was before ntsbox is not listed.
[[nodiscard]] Manifest manifest(const std::vector<Transaction>& read_generations,
                                std::string_view scope);

/// What taking `step` back means when `now` stands at its path.
enum class Undoing {
  nothing,  // it is as it was before
  restore,
  leave,  // somebody edited it since
};
[[nodiscard]] Undoing undoing(const Step& step, const std::optional<Entry>& now);

/// The master copies of the key and certificate that clients trust.
inline constexpr char pki_folder[] = "/etc/ntsbox/pki";

/// In that folder, or it: no cleaning up ever takes them along unasked.
[[nodiscard]] bool is_master_copy(std::string_view path);
/// Whether systemd must read its units again after a change at `path`.
[[nodiscard]] bool is_unit_file(std::string_view path);

}  // namespace ntsbox::provision
