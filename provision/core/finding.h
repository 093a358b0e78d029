#pragma once
// Findings as `doctor` and `verify` print them.

#include <string>

#include "diagnose/finding.h"

namespace ntsbox::provision {

using diagnose::Finding;
using diagnose::Findings;
using diagnose::Severity;
using diagnose::worst;

/// A line or two a finding; the signs in colour when asked.
[[nodiscard]] std::string in_text(const Findings& findings, bool colour);
/// `{"verdict":"ok","findings":[{"name":...,"verdict":...,"what":...,"cure":...},...]}` and a
/// newline.
[[nodiscard]] std::string in_json(const Findings& findings);

}  // namespace ntsbox::provision
