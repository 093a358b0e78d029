#pragma once
// Writing JSON. A value is a string of JSON; JsonObject and json_array put values together.

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace ntsbox {

enum class JsonStyle {
  compact,  // {"a":1,"b":2}
  spaced,   // {"a": 1, "b": 2}
  lines,    // spaced, and each member on a line of its own
};

/// `text`, quoted.
[[nodiscard]] std::string json_of(std::string_view text);
[[nodiscard]] std::string json_of(bool value);
/// "2026-11-25T09:00:00Z", quoted.
[[nodiscard]] std::string json_of(UtcSecond when);

[[nodiscard]] inline std::string json_of(const char* text) {
  return json_of(std::string_view{text});
}

[[nodiscard]] inline std::string json_of(const std::string& text) {
  return json_of(std::string_view{text});
}

template <std::integral Integer>
[[nodiscard]] std::string json_of(Integer value) {
  return std::to_string(value);
}

/// null when it is empty.
template <class T>
[[nodiscard]] std::string json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : "null";
}

/// An object, its members in the order in which they are added.
class JsonObject {
 public:
  explicit JsonObject(JsonStyle style = JsonStyle::compact) : style_(style) {}

  template <class T>
  JsonObject& add(std::string_view key, const T& value) {
    return add_json(key, json_of(value));
  }

  /// `json` is JSON already.
  JsonObject& add_json(std::string_view key, std::string_view json);

  [[nodiscard]] std::string text() const;

 private:
  JsonStyle style_;
  std::string members_;
};

/// An array of what `to_json` makes of each element of `range`.
template <class Range, class ToJson>
[[nodiscard]] std::string json_array(const Range& range, ToJson to_json,
                                     JsonStyle style = JsonStyle::compact) {
  std::string out;
  for (const auto& element : range) {
    if (!out.empty()) out += style == JsonStyle::compact ? "," : ", ";
    out += to_json(element);
  }
  return "[" + out + "]";
}

/// An array of strings, numbers or times.
template <class Range>
[[nodiscard]] std::string json_array(const Range& range, JsonStyle style = JsonStyle::compact) {
  return json_array(
      range, [](const auto& element) { return json_of(element); }, style);
}

}  // namespace ntsbox
