#pragma once
// The mark of a run whose work is not done yet: the next boot finishes it, and what came of that is
// kept for the owner. All of it lies in the state folder, and goes with the last generation
// (io/history.h, Claim).

#include <string>

#include "base/result.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// ntsbox-provision-resume.service has it as its condition.
inline constexpr char unfinished_mark[] = "/var/lib/ntsbox-provision/pending";
inline constexpr char result_text[] = "/var/lib/ntsbox-provision/result.txt";
inline constexpr char result_json[] = "/var/lib/ntsbox-provision/result.json";

[[nodiscard]] Result<bool> is_unfinished(System& system);
/// The state folder must be there. Writes nothing when the mark is there already.
[[nodiscard]] Result<void> mark_unfinished(System& system);
/// Takes the mark away; none is fine.
[[nodiscard]] Result<void> mark_finished(System& system);
[[nodiscard]] Result<void> keep_result(System& system, const std::string& text,
                                       const std::string& json);

}  // namespace ntsbox::provision
