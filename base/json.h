#pragma once
// Reading and writing JSON (simdjson stands behind json.cc alone). A value that is written is a
// string of JSON; JsonObject and json_array put values together.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"

namespace ntsbox {

class JsonArray;

/// One value of a JSON object. Strings are unescaped and may hold NUL; they live until the next
/// parse. An integer that fits is an int64 or, beyond that, a uint64; one that fits neither makes
/// the whole text malformed. std::monostate stands for null and for a nested object.
using JsonValue = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double,
                               std::string_view, const JsonArray*>;

using JsonMember = std::function<void(std::string_view key, const JsonValue& value)>;

/// An array as a value; only its objects are of interest here.
class JsonArray {
 public:
  virtual ~JsonArray() = default;
  /// Calls `object` before each element that is an object, then `member` for each of its members.
  virtual void for_each_object(const std::function<void()>& object,
                               const JsonMember& member) const = 0;
};

/// Parses one JSON object after another, without allocating once its buffers have grown to the
/// input.
class JsonParser {
 public:
  struct Limits {
    std::size_t bytes = std::size_t{1} << 31;
    std::size_t depth = 64;
  };

  explicit JsonParser(Limits limits);

  /// Calls `member` for each member of the object that `text` is, in order, duplicates included.
  /// False, with no call made, when `text` is not one well-formed UTF-8 JSON object within the
  /// limits.
  bool parse(std::string_view text, const JsonMember& member);

  /// The same, into nested objects as well: the key of a member of one is "outer.inner".
  bool parse_nested(std::string_view text, const JsonMember& member);

 private:
  struct Body;
  std::unique_ptr<Body, void (*)(Body*)> body_;
};

/// `text` as a JSON string, quotes included. What is not UTF-8 becomes U+FFFD, and controls (C0,
/// DEL and C1) are escaped, so that no terminal obeys them.
[[nodiscard]] std::string json_quote(std::string_view text);
/// The same, appended to `out`.
void append_json_quoted(std::string& out, std::string_view text);
/// Well-formed JSON that another program wrote, without the controls that JSON permits: DEL and C1
/// in its strings are escaped, and what stands between its values is blanks and line feeds.
[[nodiscard]] std::string json_without_controls(std::string_view json);

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
