#pragma once
// Taking one generation back.

#include "provision/io/apply.h"

namespace ntsbox::provision {

/// Makes every path of `journal` what it was before, its units too, and forgets the generation.
/// What somebody edited since stays, with the original beside it. When a step fails the others are
/// done all the same, and the generation stays for the next run.
[[nodiscard]] Result<Undone> undo(const Run& run, const Journal& journal);

}  // namespace ntsbox::provision
