#include "contract/settings_table.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace ntsbox {
namespace {

using Texts = std::vector<std::string>;

std::optional<SettingValue> value_of(const toml::node& node) {
  if (const auto truth = node.value_exact<bool>()) return *truth;
  if (const auto number = node.value_exact<std::int64_t>()) return *number;
  if (const auto text = node.value_exact<std::string>()) return *text;
  const auto* array = node.as_array();
  if (!array) return std::nullopt;
  Texts texts;
  for (const auto& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

std::string_view first_part(std::string_view key) {
  return key.substr(0, key.find('.'));
}

/// Collects the settings of a file.
class Reader {
 public:
  explicit Reader(const std::vector<std::string_view>& known) : known_(known) {
    for (const auto key : known) tables_.push_back(first_part(key));
  }

  std::vector<FileSetting> read(const toml::table& root) {
    for (const auto& [name, node] : root) {
      const std::string text{name.str()};
      if (const auto* table = node.as_table(); table && is_table(text))
        for (const auto& [key, value] : *table)
          add(key, fmt::format("{}.{}", text, key.str()), value, false);
      else
        add(name, text, node, table != nullptr);
    }
    // toml++ gives keys in the order of the alphabet.
    std::stable_sort(found_.begin(), found_.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return std::move(found_);
  }

 private:
  /// Whether settings have keys of this table.
  [[nodiscard]] bool is_table(std::string_view name) const {
    return std::any_of(known_.begin(), known_.end(), [&](std::string_view key) {
      return key.size() > name.size() && first_part(key) == name;
    });
  }

  void add(const toml::key& where, const std::string& key, const toml::node& node,
           bool is_unknown_table) {
    auto& found =
        found_.emplace_back(FileSetting{key, where.source().begin.line, value_of(node), {}});
    if (is_table(key))
      found.unknown = fmt::format("{0} must be a table: write [{0}]", key);
    else if (is_unknown_table)
      found.unknown =
          fmt::format(R"(unknown table {}: did you mean "{}"?)", shown(key), nearest(key, tables_));
    else if (std::find(known_.begin(), known_.end(), key) == known_.end())
      found.unknown =
          fmt::format(R"(unknown key {}: did you mean "{}"?)", shown(key), nearest(key, known_));
  }

  const std::vector<std::string_view>& known_;
  std::vector<std::string_view> tables_;
  std::vector<FileSetting> found_;
};

}  // namespace

Result<std::vector<FileSetting>> read_toml(std::string_view text, const std::string& file,
                                           const std::vector<std::string_view>& known) {
  try {
    return Reader{known}.read(toml::parse(text, file));
  } catch (const toml::parse_error& error) {
    return fail(
        fmt::format("{}:{}: {}", file, error.source().begin.line, printable(error.description())));
  }
}

std::optional<SettingValue> converted(const SettingValue& value, const SettingValue& example) {
  if (value.index() == example.index()) return value;
  if (std::holds_alternative<Texts>(example))
    if (const auto* text = std::get_if<std::string>(&value)) return Texts{*text};
  return std::nullopt;
}

std::string type_complaint(const SettingValue& example) {
  constexpr std::string_view words[] = {"must be true or false", "must be an integer",
                                        "must be a text in quotes",
                                        R"(must be an array of texts, as ["…"])"};
  return std::string{words[example.index()]};
}

std::string render(const SettingValue& value) {
  if (const auto* texts = std::get_if<Texts>(&value)) return json_array(*texts, JsonStyle::spaced);
  if (const auto* text = std::get_if<std::string>(&value)) return json_quote(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return json_of(*number);
  return json_of(std::get<bool>(value));
}

std::string flag_of(std::string_view key) {
  std::string flag{key};
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

}  // namespace ntsbox
