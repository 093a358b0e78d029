#pragma once
// What a check found: how well something is and, when it is not, what to do about it.

#include <string>
#include <string_view>
#include <vector>

namespace ntsbox::provision {

enum class Verdict { ok, warning, failed };

struct Finding {
  std::string name;  // kebab-case; scripts hold on to it
  Verdict verdict = Verdict::ok;
  std::string what;  // one line
  std::string cure;  // one line; empty when nothing is to be done

  friend bool operator==(const Finding&, const Finding&) = default;
};

using Findings = std::vector<Finding>;

[[nodiscard]] std::string_view name_of(Verdict verdict);

/// The worst of them; ok when there is none.
[[nodiscard]] Verdict worst(const Findings& findings);

/// A line or two a finding; the signs in colour when asked.
[[nodiscard]] std::string in_text(const Findings& findings, bool colour);
/// `{"verdict":"ok","findings":[{"name":...,"verdict":...,"what":...,"cure":...},...]}` and a
/// newline.
[[nodiscard]] std::string in_json(const Findings& findings);

}  // namespace ntsbox::provision
