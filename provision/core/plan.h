#pragma once
// What shall be so on a machine. A plan is data: shown, compared with the machine, applied or
// thrown away.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "provision/core/entry.h"

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
  enum class Verb { restart, start, stop, reload };
  Verb verb = Verb::restart;
  std::string unit{};
  /// Resources (by path) of which one must have changed for this to be needed; empty: any.
  std::vector<std::string> because_of{};
  std::string why{};
};

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
  /// to what it was before us.
  bool partial = false;
};

}  // namespace ntsbox::provision
