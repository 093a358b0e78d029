#pragma once
// What makes a server the one that its clients trust, to be kept elsewhere: when its SD card dies,
// a fresh machine takes its place, and no client need trust another certificate.
//
// chronyd's cookie keys are not among it: a client whose cookies are refused asks for new ones by
// itself (RFC 8915 §5.7), and what is not kept cannot leak.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "provision/core/bundle.h"
#include "provision/core/identity.h"
#include "provision/core/plan.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

struct Backup {
  Identity current, next;
  std::optional<std::string> settings;         // the text of provision.toml
  std::optional<std::string> daemon_settings;  // of ntsboxd.toml, when its owner edited it

  friend bool operator==(const Backup&, const Backup&) = default;
};

[[nodiscard]] std::vector<Member> backup_members(const Backup& backup);

/// Fails on what no backup holds, and unless each key in it fits its certificate.
[[nodiscard]] Result<Backup> parse_backup(const std::vector<Member>& members);

/// The settings in it. Names that the server had by its host name are named: the fresh machine may
/// be called otherwise. An error names `file`.
[[nodiscard]] Result<Settings> settings_of(const Backup& backup, const std::string& file);

/// Where a restore puts an edited ntsboxd.toml: the next apply writes its own, for the machine as
/// it is, and the owner takes over what they want. Beside the keys, since there no apply tidies up.
inline constexpr char restored_daemon_settings[] = "/etc/ntsbox/pki/ntsboxd.toml.restored";

/// Puts both identities where the server that was had them, for the next apply to serve.
[[nodiscard]] Plan restore_plan(const Backup& backup);

}  // namespace ntsbox::provision
