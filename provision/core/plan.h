#pragma once
// A plan says what shall be on a machine; it is data: shown, compared with the machine, applied or
// thrown away. The comparison gives the changes that one run would make.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "provision/core/entry.h"
#include "provision/core/transaction.h"

namespace ntsbox::provision {

/// One path and what must be there. Paths are those that the machine itself sees, without --root.
struct Resource {
  std::string path;
  std::optional<Entry> entry{};  // empty: neither a file nor a link
  std::string why{};             // one line
  bool secret = false;           // never shown, logged or kept where others can read
  /// A file of others, edited in place: a change by others since the last run is no conflict.
  bool shared = false;
  bool only_if_missing = false;  // whatever stands there already serves

  [[nodiscard]] static Resource file(std::string path, std::string content, std::string why) {
    return {std::move(path), Entry::file(std::move(content)), std::move(why)};
  }

  /// Readable by root alone, unless the caller changes its mode or group.
  [[nodiscard]] static Resource secret_file(std::string path, std::string content,
                                            std::string why) {
    return {std::move(path), Entry::file(std::move(content), 0600), std::move(why), true};
  }

  [[nodiscard]] static Resource folder(std::string path, unsigned mode, std::string why) {
    return {std::move(path), Entry::folder(mode), std::move(why)};
  }

  /// A symbolic link. It enables a unit ("…/multi-user.target.wants/X"), or masks it
  /// ("/etc/systemd/system/X" to /dev/null), on a live machine and in an image alike.
  [[nodiscard]] static Resource link(std::string path, std::string target, std::string why) {
    return {std::move(path), Entry::link(std::move(target)), std::move(why)};
  }

  [[nodiscard]] static Resource absent(std::string path, std::string why) {
    return {std::move(path), std::nullopt, std::move(why)};
  }
};

/// What is done to a unit of a live machine once its files are in place; nothing in an image.
struct UnitAction {
  enum class Verb { restart, start, stop };
  Verb verb = Verb::restart;
  std::string unit{};
  /// Resources (by path) of which one must have changed for this to be needed; empty: any.
  std::vector<std::string> because_of{};
  std::string why{};
};

/// "restart", as systemctl has it.
[[nodiscard]] std::string_view name_of(UnitAction::Verb verb);

/// A command that must accept the staged content of a file before anything is placed: `chronyd -p
/// -f STAGED`.
struct Validation {
  std::string path;                  // which resource
  std::vector<std::string> command;  // "{}" stands for the staged file
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
  /// The plan names some paths alone, and the other files of ntsbox stay. Otherwise that goes back
  /// to what it was before ntsbox.
  bool partial = false;
};

/// One path. Empty: nothing is there.
struct Change {
  std::string path;
  std::optional<Entry> before, after;
  bool secret = false;
  std::string why;
};

/// What stands at the paths that were asked for.
using Machine = std::map<std::string, std::optional<Entry>>;

struct Comparison {
  std::vector<Change> changes;      // in the order in which they are to be done
  std::vector<std::string> edited;  // written by ntsbox and edited since: they stay
};

/// The paths that compare() asks about: the plan's, their parents', those beside them, and what
/// ntsbox wrote.
[[nodiscard]] std::vector<std::string> paths_to_look_at(const Plan& plan, const Manifest& owned);

/// The paths that ntsbox wrote and that the plan no longer names: they become again what they were.
/// `compare` needs those originals.
[[nodiscard]] std::vector<std::string> no_longer_wanted(const Plan& plan, const Manifest& owned);

/// Fails when something stands where the plan cannot put its own: a folder for a file, or a device.
/// `originals` holds what was at the paths of no_longer_wanted() before ntsbox.
[[nodiscard]] Result<Comparison> compare(const Plan& plan, const Machine& now,
                                         const Manifest& owned, const Machine& originals);

/// The units to act on once `changes` are done.
[[nodiscard]] std::vector<UnitAction> actions_for(const Plan& plan,
                                                  const std::vector<Change>& changes);
/// Whether some of `changes` take effect at the next boot only.
[[nodiscard]] bool needs_reboot(const Plan& plan, const std::vector<Change>& changes);

}  // namespace ntsbox::provision
