#pragma once
// Reading JSON (simdjson stands behind json.cc alone) and quoting strings for JSON.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

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
  ~JsonParser();
  JsonParser(JsonParser&&) noexcept;
  JsonParser& operator=(JsonParser&&) noexcept;
  JsonParser(const JsonParser&) = delete;
  JsonParser& operator=(const JsonParser&) = delete;

  /// Calls `member` for each member of the object that `text` is, in order, duplicates included.
  /// False, with no call made, when `text` is not one well-formed UTF-8 JSON object within the
  /// limits.
  bool parse(std::string_view text, const JsonMember& member);

  /// The same, into nested objects as well: the key of a member of one is "outer.inner".
  bool parse_nested(std::string_view text, const JsonMember& member);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// `text` as a JSON string, quotes included. What is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_quote(std::string_view text);
/// The same, appended to `out`.
void append_json_quoted(std::string& out, std::string_view text);

}  // namespace ntsbox
