#include "contract/settings_table.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
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
    for (const auto& [name, node] : root) read_top(name, node);
    // toml++ gives keys in the order of the alphabet.
    std::stable_sort(found_.begin(), found_.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return std::move(found_);
  }

 private:
  void read_top(const toml::key& name, const toml::node& node) {
    const std::string text{name.str()};
    const auto* table = node.as_table();
    if (!has_keys(text)) {
      if (table)
        refuse(name, fmt::format(R"(unknown table {}: did you mean "{}"?)", shown(text),
                                 nearest(text, tables_)));
      else
        read_key(name, text, node);
    } else if (table) {
      for (const auto& [key, value] : *table)
        read_key(key, fmt::format("{}.{}", text, key.str()), value);
    } else {
      refuse(name, fmt::format("{0} must be a table: write [{0}]", text));
    }
  }

  /// Whether `table` is a table with settings in it.
  [[nodiscard]] bool has_keys(std::string_view table) const {
    return std::any_of(known_.begin(), known_.end(), [&](std::string_view key) {
      return key.size() > table.size() && first_part(key) == table;
    });
  }

  void read_key(const toml::key& where, const std::string& key, const toml::node& node) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      refuse(where, fmt::format(R"(unknown key {}: did you mean "{}"?)", shown(key),
                                nearest(key, known_)));
    else
      found_.push_back({key, where.source().begin.line, value_of(node), std::nullopt});
  }

  void refuse(const toml::key& where, std::string why) {
    found_.push_back({{}, where.source().begin.line, std::nullopt, std::move(why)});
  }

  const std::vector<std::string_view>& known_;
  std::vector<std::string_view> tables_;
  std::vector<FileSetting> found_;
};

struct Rendered {
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }

  std::string operator()(std::int64_t number) const { return fmt::to_string(number); }

  std::string operator()(const std::string& text) const { return json_quote(text); }

  std::string operator()(const Texts& texts) const {
    std::string list;
    for (const auto& text : texts) list += (list.empty() ? "" : ", ") + json_quote(text);
    return "[" + list + "]";
  }
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
  return std::visit(Rendered{}, value);
}

std::string flag_of(std::string_view key) {
  std::string flag{key};
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

}  // namespace ntsbox
