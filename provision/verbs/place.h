#pragma once
// What apply and resume share: bringing the machine to its plan.

#include "provision/verbs/box.h"

namespace ntsbox::provision {

/// What a run came to.
struct Placed {
  ExitCode code = done;  // or edited_locally, or reboot_needed
  Plan plan;
  Applied applied;
  bool live = false;
};

/// All but the proof, with the machine to ourselves. A run that leaves
/// something to the next boot has left the mark of that (io/unfinished.h).
[[nodiscard]] Attempt<Placed> place(Context& context);

}  // namespace ntsbox::provision
