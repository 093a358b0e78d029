#include "diagnose/finding.h"

#include <algorithm>
#include <array>

namespace ntsbox::diagnose {
namespace {

// What is known to be bad is graver than what is not known.
int gravity(Grade grade) {
  constexpr std::array<int, 4> gravities{0, 1, 3, 2};
  return gravities.at(static_cast<std::size_t>(grade));
}

}  // namespace

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> names{"ok", "warning", "failed"};
  return names.at(static_cast<std::size_t>(severity));
}

std::string_view name_of(Grade grade) {
  constexpr std::array<std::string_view, 4> names{"well", "degraded", "bad", "unknown"};
  return names.at(static_cast<std::size_t>(grade));
}

Severity worst(const Findings& findings) {
  auto severity = Severity::ok;
  for (const auto& finding : findings) severity = std::max(severity, finding.severity);
  return severity;
}

std::vector<Remark> remarks_of(const Findings& findings) {
  std::vector<Remark> remarks;
  for (const auto& finding : findings)
    if (finding.grade != Grade::well)
      remarks.push_back({finding.grade, finding.remark.empty() ? finding.name : finding.remark,
                         finding.what, finding.hint});
  std::stable_sort(remarks.begin(), remarks.end(), [](const Remark& a, const Remark& b) {
    return gravity(a.grade) > gravity(b.grade);
  });
  return remarks;
}

}  // namespace ntsbox::diagnose
