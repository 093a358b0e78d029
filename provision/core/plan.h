#pragma once
// What shall be so on a machine. A plan is data: shown, compared with the machine, applied or
// thrown away.

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "certs/issue.h"
#include "provision/core/facts.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

/// A whole file. Paths are those that the machine itself sees, without any --root.
struct File {
  std::string path;
  std::string content;
  unsigned mode = 0644;
  std::string owner = "root";
  std::string group = "root";
  bool secret = false;  // never shown, logged or kept where others can read
  bool shared =
      false;  // somebody else's file, edited in place: a change by others since is no conflict
  std::string why;  // one line
};

struct Folder {
  std::string path;
  unsigned mode = 0755;
  std::string owner = "root";
  std::string group = "root";
  std::string why;
};

/// A symbolic link: how a unit is enabled ("…/multi-user.target.wants/X") or masked
/// ("/etc/systemd/system/X" to /dev/null), on a live machine and in an image alike.
struct Link {
  std::string path;
  std::string target;
  std::string why;
};

/// No file and no link at this path.
struct Absent {
  std::string path;
  std::string why;
};

using Resource = std::variant<File, Folder, Link, Absent>;

/// What is done to a unit of a live machine once its files are in place; nothing in an image.
struct UnitAction {
  enum class Verb { restart, start, stop, reload };
  Verb verb = Verb::restart;
  std::string unit;
  /// Resources (by path) of which one must have changed for this to be needed; empty: any.
  std::vector<std::string> because_of;
  std::string why;
};

/// A command that must accept the staged content of a file before anything is placed: `chronyd -p
/// -f STAGED`.
struct Validation {
  std::string path;                  // which resource
  std::vector<std::string> command;  // "{}" stands for the staged file
};

/// The box's certificate and its key.
struct Identity {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

struct Plan {
  std::vector<std::string> packages;  // to install first, when not there
  std::vector<Resource> resources;    // in order: folders before what is in them
  std::vector<Validation> validations;
  std::vector<UnitAction> units;  // in order
  std::vector<std::string>
      reboot_because_of;           // resources (by path) that take effect at the next boot
  std::vector<std::string> notes;  // what the owner should know: one line each
  bool identity_pending = false;   // the certificate cannot be made yet: the next boot makes it
  /// It speaks of some paths alone, and what else is ours stays. Otherwise that goes back to what
  /// it was before us.
  bool partial = false;
};

/// Whether a key and certificate must be made first, and for which names. Empty when what is there
/// serves.
struct IdentityWanted {
  certs::Names names;
  certs::KeyKind kind = certs::KeyKind::p256;
  std::string why;
};

[[nodiscard]] std::optional<IdentityWanted> identity_wanted(const Settings& settings,
                                                            const Facts& facts);

/// The only place that decides. `identity` is empty when none could be made yet (the clock is
/// before the build date, or it comes from a CA elsewhere). Fails with the words and the cure when
/// the machine cannot become a box.
[[nodiscard]] Result<Plan> plan(const Settings& settings, const Facts& facts,
                                const std::optional<Identity>& identity);

}  // namespace ntsbox::provision
