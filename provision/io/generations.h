#pragma once
// The generations in the state folder: N/journal, N/0.original, N/1.original, ..., N/done.
//
// A generation without its log has changed nothing (not yet, or no longer). One with a log and
// without `done` was cut short: rolling it back makes the machine what it was before. So a rollback
// removes the mark first, and the next run completes one that a power cut ended at any instant.
//
// Beside them is the mark of a run whose work is not done yet: the next boot finishes it, and its
// result is kept for the owner. All of it goes with the last generation.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "provision/core/plan.h"
#include "provision/core/transaction.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// The state folder, made if need be and held against other runs. One without generations is
/// removed with the lock, and so are the mark and the result in it.
class StateLock {
 public:
  /// Fails when another run holds it, or when somebody else could have written in it.
  [[nodiscard]] static Result<std::unique_ptr<StateLock>> acquire(System& system);

  ~StateLock();
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

 private:
  StateLock(System& system, std::shared_ptr<void> held);

  System& system_;
  std::shared_ptr<void> held_;
};

/// All generations, the first first. Writes nothing, and needs no claim.
[[nodiscard]] Result<std::vector<Transaction>> read_generations(System& system);

/// What stood at the path of step `index` before that generation; empty: nothing.
[[nodiscard]] Result<std::optional<Entry>> original(System& system, const Transaction& transaction,
                                                    std::size_t index);

/// Makes the generation: the originals of `changes` first, its log last, all on the disk when
/// it returns. Nothing of it is left when it fails, as far as the disk lets it.
[[nodiscard]] Result<void> begin(System& system, const Transaction& transaction,
                                 const std::vector<Change>& changes);
[[nodiscard]] Result<void> finish(System& system, const Transaction& transaction);
/// From here on it is to be rolled back.
[[nodiscard]] Result<void> reopen(System& system, const Transaction& transaction, bool keep_keys);
/// Removes it, its log first.
[[nodiscard]] Result<void> forget(System& system, const Transaction& transaction);

/// ntsbox-provision-resume.service has it as its condition.
inline constexpr char pending_mark[] = "/var/lib/ntsbox-provision/pending";
inline constexpr char result_text[] = "/var/lib/ntsbox-provision/result.txt";
inline constexpr char result_json[] = "/var/lib/ntsbox-provision/result.json";

[[nodiscard]] Result<bool> is_pending(System& system);
/// The state folder must be there. Writes nothing when the mark is there already.
[[nodiscard]] Result<void> mark_pending(System& system);
/// Takes the mark away; none is fine.
[[nodiscard]] Result<void> clear_pending(System& system);
[[nodiscard]] Result<void> keep_result(System& system, const std::string& text,
                                       const std::string& json);

}  // namespace ntsbox::provision
