#pragma once
// The accounts of a root, from its own /etc/passwd and /etc/group: an image's are not this
// machine's.

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ntsbox::provision {

class Accounts {
 public:
  Accounts() = default;
  /// Lines that make no sense are passed over.
  Accounts(std::string_view passwd, std::string_view group);

  /// The name, or the number in decimal when it has none.
  [[nodiscard]] std::string user(uid_t id) const;
  [[nodiscard]] std::string group(gid_t id) const;
  /// The number of a name, or of a number in decimal; empty when there is no such account.
  [[nodiscard]] std::optional<uid_t> user(const std::string& name) const;
  [[nodiscard]] std::optional<gid_t> group(const std::string& name) const;

 private:
  struct Names {
    std::map<std::string, unsigned> ids;
    std::map<unsigned, std::string> names;
  };

  static Names read(std::string_view text);

  Names users_, groups_;
};

}  // namespace ntsbox::provision
