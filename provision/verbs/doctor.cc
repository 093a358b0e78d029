// doctor: what is wrong with this box, and what to do about it?

#include "provision/core/checks.h"
#include "provision/verbs/examine.h"

namespace ntsbox::provision {

Attempt<ExitCode> doctor_verb(Context& context) {
  const auto inquiry = inquiry_for(context, true);
  TRY(auto evidence, gather(context.system, inquiry));
  add_proof(context.system, inquiry, evidence);
  return tell(context, doctor(evidence));
}

}  // namespace ntsbox::provision
