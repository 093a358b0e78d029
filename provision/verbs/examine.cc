#include "provision/verbs/examine.h"

#include <algorithm>
#include <ostream>

namespace ntsbox::provision {

Inquiry inquiry_for(const Context& context, bool deeper) {
  return {context.options.root == "/", deeper, context.options.settings_path, context.options.flags,
          context.now};
}

ExitCode exit_code_of(const Findings& findings) {
  return worst(findings) == Severity::failed ? verify_failed : done;
}

ExitCode tell(Context& context, const Findings& findings) {
  auto& out = context.screen.out;
  if (context.options.json) {
    out << in_json(findings);
  } else {
    const auto count = [&findings](Severity severity) {
      return std::count_if(findings.begin(), findings.end(),
                           [severity](const Finding& one) { return one.severity == severity; });
    };
    out << in_text(findings, context.screen.colour) << count(Severity::ok) << " ok, "
        << count(Severity::warning) << " warnings, " << count(Severity::failed) << " failed\n";
  }
  return exit_code_of(findings);
}

}  // namespace ntsbox::provision
