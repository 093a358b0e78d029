#pragma once
// What a check found: whether one thing is well and, when it is not, what to do about it.

#include <string>
#include <string_view>
#include <vector>

namespace ntsbox::diagnose {

/// How well one thing is: `ntsbox-provision doctor` and `verify` report this.
enum class Severity { ok, warning, failed };

/// "ok", "warning", "failed".
[[nodiscard]] std::string_view name_of(Severity severity);

/// How good the time is that the server serves: `ntsbox-status` and the metrics report this. The
/// number is the exit status, as monitoring plugins have it.
enum class Grade { well = 0, degraded = 1, bad = 2, unknown = 3 };

/// "well", "degraded", "bad", "unknown".
[[nodiscard]] std::string_view name_of(Grade grade);

struct Finding {
  std::string name;  // kebab-case; scripts rely on it
  Severity severity = Severity::ok;
  std::string what;  // one line
  std::string hint;  // one line; empty when nothing is to be done
  /// What it means for the time that is served: a link that failed while chronyd follows something
  /// else leaves the time degraded and not bad. `well`: it is no remark of its own, because nothing
  /// is wrong or because another finding reports the cause.
  Grade grade = Grade::well;
  std::string remark{};  // its name as a remark on the time; empty: `name`

  friend bool operator==(const Finding&, const Finding&) = default;
};

using Findings = std::vector<Finding>;

/// The worst of them; ok when there is none.
[[nodiscard]] Severity worst(const Findings& findings);

/// Something that makes the time less than well.
struct Remark {
  Grade grade = Grade::degraded;
  std::string name;  // kebab-case; scripts rely on it
  std::string what;  // one line
  std::string hint;  // one line

  friend bool operator==(const Remark&, const Remark&) = default;
};

/// The remarks among findings, the gravest first.
[[nodiscard]] std::vector<Remark> remarks_of(const Findings& findings);

}  // namespace ntsbox::diagnose
