#pragma once
// Plans that change which identity a server has.

#include <string>

#include "base/result.h"
#include "certs/names.h"
#include "provision/core/facts.h"
#include "provision/core/identity.h"
#include "provision/core/plan.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

/// The names of the next certificate: the settings', else those of the one in service, whatever the
/// machine is called now, else the machine's own.
[[nodiscard]] Result<certs::Names> names_to_come(const Settings& settings, const Facts& facts,
                                                 const Identity& current);

/// Adds the identity's files in `folder` to `plan`, and that the others are absent.
void put_identity(Plan& plan, const std::string& folder, const Identity& identity,
                  const std::string& why);

/// The folder of what chronyd reads, closed to all others.
[[nodiscard]] Resource served_folder_resource();

/// Adds what chronyd serves to `plan`: key and certificate in one file, and the certificate by
/// itself.
void put_served(Plan& plan, const Identity& identity);

/// Makes `next` the one that follows; an empty one is forgotten. What is in service stays.
[[nodiscard]] Plan prepare_plan(const Identity& next);

/// Puts `next` in service and keeps `current`: chronyd restarts with it. One generation, so that a
/// run that is cut short is rolled back.
[[nodiscard]] Plan switch_plan(const Identity& current, const Identity& next);

}  // namespace ntsbox::provision
