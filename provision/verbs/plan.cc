#include <ostream>

#include "provision/core/show.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {

Attempt<ExitCode> plan_verb(Context& context) {
  TRY(const auto box, plan_box(context));
  TRY(const auto comparison, compare_with_machine(context.system, box.plan, box_scope));
  const Preview preview{box.plan, comparison};
  const bool pending = !comparison.changes.empty() || !box.plan.packages.empty();
  if (context.options.json) {
    context.screen.out << in_json(preview);
  } else {
    context.screen.out << coloured(context.screen, in_text(preview));
    context.screen.story << (pending ? "Nothing was changed. `ntsbox-provision apply` does it.\n"
                                     : "Nothing to do: the machine is as it should be.\n");
  }
  if (pending) return changes_pending;
  return comparison.edited.empty() ? done : edited_locally;
}

}  // namespace ntsbox::provision
