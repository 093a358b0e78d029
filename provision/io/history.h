#pragma once
// The generations in the state folder: N/journal, N/0.original, N/1.original, ..., N/done.
//
// A generation without its journal has changed nothing (not yet, or no longer). One with a journal
// and without `done` was cut short: taking it back makes the machine what it was before. So a
// rollback is no more than taking the mark away, and a power cut at any instant is healed by the
// next run.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "provision/core/change.h"
#include "provision/core/journal.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// The state folder, made if need be and held against other runs. One
/// without generations goes with it, and with what unfinished.h keeps there.
class Claim {
 public:
  /// Fails when another run holds it, or when somebody else could have written in it.
  [[nodiscard]] static Result<std::unique_ptr<Claim>> on(System& system);

  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  Claim(System& system, std::shared_ptr<void> held);

  System& system_;
  std::shared_ptr<void> held_;
};

/// All generations, the first first. Writes nothing, and needs no claim.
[[nodiscard]] Result<std::vector<Journal>> history(System& system);

/// What stood at the path of step `index` before that generation; empty: nothing.
[[nodiscard]] Result<std::optional<Entry>> original(System& system, const Journal& journal,
                                                    std::size_t index);

/// Makes the generation: the originals of `changes` first, its journal last, all on the disk when
/// it returns. Nothing of it is left when it fails, as far as the disk lets it.
[[nodiscard]] Result<void> begin(System& system, const Journal& journal,
                                 const std::vector<Change>& changes);
[[nodiscard]] Result<void> finish(System& system, const Journal& journal);
/// From here on it is to be taken back.
[[nodiscard]] Result<void> reopen(System& system, const Journal& journal, bool keep_keys);
/// Removes it, its journal first.
[[nodiscard]] Result<void> forget(System& system, const Journal& journal);

}  // namespace ntsbox::provision
