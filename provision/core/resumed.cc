#include "provision/core/resumed.h"

#include <fmt/format.h>

#include "base/json.h"

namespace ntsbox::provision {

ExitCode resumed_code(ExitCode run, const Findings& findings) {
  if (run != done && run != edited_locally) return run;
  return worst(findings) == Severity::failed ? verify_failed : run;
}

bool is_finished(ExitCode code) {
  return code == done || code == edited_locally;
}

std::string in_text(const Resumed& resumed) {
  const auto* state = is_finished(resumed.code) ? "the work of ntsbox-provision is finished"
                                                : "the work of ntsbox-provision is not finished "
                                                  "yet; it is tried again, also at each boot";
  return fmt::format("{}: {} (exit status {})\n{}{}", format_iso_utc(resumed.at), state,
                     static_cast<int>(resumed.code), resumed.words,
                     in_text(resumed.findings, false));
}

std::string in_json(const Resumed& resumed) {
  const auto findings = in_json(resumed.findings);
  return fmt::format(R"({{"at":"{}","exit":{},"finished":{},"words":{},"verify":{}}})"
                     "\n",
                     format_iso_utc(resumed.at), static_cast<int>(resumed.code),
                     is_finished(resumed.code), json_quote(resumed.words),
                     resumed.findings.empty() ? "null" : findings.substr(0, findings.find('\n')));
}

}  // namespace ntsbox::provision
