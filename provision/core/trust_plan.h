#pragma once
// The client's side of a bundle: what `trust` writes there, and takes out again.

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "provision/core/bundle.h"
#include "provision/core/facts.h"
#include "provision/core/plan.h"

namespace ntsbox::provision {

/// Where chrony.conf may be: as Debian has it, and as others do.
inline constexpr const char* chrony_conf_paths[] = {"/etc/chrony/chrony.conf", "/etc/chrony.conf"};

/// What a plan of trust depends on.
struct ClientFacts {
  std::optional<Version> chrony;                  // empty: not installed
  std::optional<std::string> chrony_conf;         // the text of chrony.conf
  std::string chrony_conf_path;                   // /etc/chrony/chrony.conf, or /etc/chrony.conf
  std::map<std::string, std::string> conf_files;  // path → text of what is in conf.d and sources.d
  std::map<std::string, std::string>
      trusted;                  // path → text of what is in this server's folder of certificates
  bool has_nts_folder = false;  // /etc/chrony/nts is there, with whoever's mode
};

/// Where things stand for a server of this name.
struct TrustPaths {
  explicit TrustPaths(const std::string& box);
  std::string folder;  // of certificates
  std::string conf;
  std::string sources;
};

/// Fails, with the cure, where this chrony cannot or will not do it.
[[nodiscard]] Result<Plan> trust_plan(const Bundle& bundle, const std::string& server,
                                      const ClientFacts& facts);

/// Takes a server out again. Fails when it is not trusted here.
[[nodiscard]] Result<Plan> distrust_plan(const std::string& box, const ClientFacts& facts);

}  // namespace ntsbox::provision
