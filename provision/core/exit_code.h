#pragma once

// How ntsbox-provision ends. Scripts hold on to these.

namespace ntsbox::provision {

enum ExitCode : int {
  done = 0,             // or nothing to do
  failed = 1,           // and rolled back
  usage = 2,            // or settings that cannot be read
  changes_pending = 3,  // plan
  reboot_needed = 4,    // done, and some of it takes effect at the next boot
  verify_failed = 5,
  unsupported = 6,  // this machine cannot become a box
  edited_locally =
      7,  // a file of ours was changed by somebody; theirs stays, ours stands beside it
  needs_root = 77,
};

}  // namespace ntsbox::provision
