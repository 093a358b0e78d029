#pragma once
// Settings as rows of a table: flags, the settings file and its comments come from it.
//
// To add a setting:
//   1. a member of the program's Settings (driver/core/settings.h, provision/core/settings.h),
//   2. a row in the table of the program (settings.cc beside it),
//   3. its paragraph in docs/man/ntsboxd.toml.5.scd or docs/man/provision.toml.5.scd, which tests
//      compare with the table.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/result.h"

namespace ntsbox {

/// The value of a setting, as a file or a flag gives it.
using SettingValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

/// What a value must be, when it is not that: "must be an integer of hours from 1 to 720". An empty
/// text stands for the row's own words (`must_be`).
using Complaint = std::optional<std::string>;

/// One setting. S holds all settings of a program; S{} holds the defaults.
template <class S>
struct Setting {
  std::string_view key;        // in the file: "key", or "table.key"; as a flag it has - for _
  std::string_view type = {};  // of the value, for --help: "HOST"; empty for a switch
  std::string_view help = {};  // the line of --help: effect, unit, range, default
  std::string_view comment;    // the line above the key in a written file
  /// Checks a value, which is of the kind of the default, and puts it into the settings.
  Complaint (*read)(S& settings, const SettingValue& value);
  SettingValue (*write)(const S& settings);
  bool begins_group = false;      // a blank line before it in a written file
  std::string_view must_be = {};  // "must be " and this; empty: by the kind of the value
};

/// The reader and the writer of a member that may have any value of its type.
template <auto member, class S>
Complaint read_member(S& settings, const SettingValue& value) {
  using T = std::remove_reference_t<decltype(settings.*member)>;
  settings.*member = std::get<T>(value);
  return std::nullopt;
}

template <auto member, class S>
SettingValue write_member(const S& settings) {
  return settings.*member;
}

/// Settings by their keys, as flags gave them.
using GivenSettings = std::map<std::string, SettingValue, std::less<>>;

/// A setting of a file.
struct FileSetting {
  std::string key;
  std::int64_t line = 0;
  std::optional<SettingValue> value;  // empty: of a type that no setting has
  Complaint unknown;                  // set when no setting has this key
};

/// The settings in a TOML text, in its order. Fails with file, line and cause on what is no TOML. A
/// key that is not among `known` has a complaint that names the nearest one.
[[nodiscard]] Result<std::vector<FileSetting>> read_toml(
    std::string_view text, const std::string& file, const std::vector<std::string_view>& known);

/// `value` as the type of `example`, where a text may stand for a list of one.
[[nodiscard]] std::optional<SettingValue> converted(const SettingValue& value,
                                                    const SettingValue& example);

/// What a value of the type of `example` must look like: "must be an integer".
[[nodiscard]] std::string type_complaint(const SettingValue& example);

/// As TOML, and JSON, write it.
[[nodiscard]] std::string render(const SettingValue& value);

/// The flag of a key, without its dashes: "pps-gpio".
[[nodiscard]] std::string flag_of(std::string_view key);

/// What is wrong with `value`, which is empty when it is of another kind; else reads it.
template <class S>
[[nodiscard]] Complaint complaint_of(S& settings, const Setting<S>& row,
                                     const std::optional<SettingValue>& value) {
  auto complaint = value ? row.read(settings, *value) : Complaint{""};
  if (complaint && complaint->empty())
    complaint = row.must_be.empty() ? type_complaint(row.write(S{}))
                                    : "must be " + std::string{row.must_be};
  return complaint;
}

/// Reads TOML into `settings`. An error names file, line, key, what is wrong and the cure.
template <class S, std::size_t N>
[[nodiscard]] Result<void> read_settings(S& settings, const Setting<S> (&table)[N],
                                         std::string_view text, const std::string& file) {
  std::vector<std::string_view> known;
  for (const auto& row : table) known.push_back(row.key);
  TRY(const auto found, read_toml(text, file, known));
  for (const auto& [key, line, given, unknown] : found) {
    const auto place = file + ":" + std::to_string(line) + ": ";
    if (unknown) return fail(place + *unknown);
    // clang 14 lets no lambda capture a structured binding by its name.
    const auto& row =
        *std::find_if(std::begin(table), std::end(table),
                      [&name = key](const Setting<S>& one) { return one.key == name; });
    const auto value = given ? converted(*given, row.write(S{})) : std::nullopt;
    if (const auto complaint = complaint_of(settings, row, value))
      return fail(place + key + " " + *complaint);
  }
  return {};
}

/// Puts into `settings` what flags gave. An error names the flag, what is wrong and the cure.
template <class S, std::size_t N>
[[nodiscard]] Result<void> take_flags(S& settings, const Setting<S> (&table)[N],
                                      const GivenSettings& given) {
  for (const auto& row : table)
    if (const auto value = given.find(row.key); value != given.end())
      if (const auto complaint = complaint_of<S>(settings, row, value->second))
        return fail("--" + flag_of(row.key) + " " + *complaint);
  return {};
}

/// The rows of keys without tables as a TOML text, with their comments.
template <class S, std::size_t N>
[[nodiscard]] std::string render_settings(const S& settings, const Setting<S> (&table)[N]) {
  std::string text;
  for (const auto& row : table) {
    if (row.begins_group) text += '\n';
    text.append("# ").append(row.comment).append("\n").append(row.key).append(" = ");
    text += render(row.write(settings)) + "\n";
  }
  return text;
}

}  // namespace ntsbox
