#include "base/json.h"

#include <simdjson.h>

#include <algorithm>

namespace ntsbox {
namespace {

using Element = simdjson::dom::element;
using Type = simdjson::dom::element_type;

constexpr std::size_t least_capacity = std::size_t{16} << 10;

class Array final : public JsonArray {
 public:
  explicit Array(simdjson::dom::array array) : array_(array) {}

  void for_each_object(const std::function<void()>& object,
                       const JsonMember& member) const override;

 private:
  simdjson::dom::array array_;
};

void visit(simdjson::dom::object object, const JsonMember& member) {
  for (const auto& [key, element] : object) {
    switch (element.type()) {
      case Type::BOOL:
        member(key, bool{element});
        break;
      case Type::INT64:
        member(key, std::int64_t{element});
        break;
      case Type::UINT64:
        member(key, std::uint64_t{element});
        break;
      case Type::DOUBLE:
        member(key, double{element});
        break;
      case Type::STRING:
        member(key, std::string_view{element});
        break;
      case Type::ARRAY: {
        const Array array{simdjson::dom::array{element}};
        member(key, static_cast<const JsonArray*>(&array));
        break;
      }
      default:
        member(key, std::monostate{});
    }
  }
}

void visit_nested(simdjson::dom::object object, const std::string& prefix,
                  const JsonMember& member) {
  visit(object, [&prefix, &member](std::string_view key, const JsonValue& value) {
    member(prefix + std::string{key}, value);
  });
  for (const auto& [key, element] : object)
    if (element.type() == Type::OBJECT)
      visit_nested(simdjson::dom::object{element}, prefix + std::string{key} + ".", member);
}

void Array::for_each_object(const std::function<void()>& object, const JsonMember& member) const {
  for (const auto element : array_) {
    if (element.type() != Type::OBJECT) continue;
    object();
    visit(simdjson::dom::object{element}, member);
  }
}

/// The length of the well-formed UTF-8 sequence at the front of `text`, 0 when there is none (RFC
/// 3629 §4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (length < 3) return length;
  const auto second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second > 0x9f;
  const bool beyond = first == 0xf4 && second > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

/// The control character at the front of `text`, which is well-formed UTF-8: C0, DEL or C1.
std::optional<unsigned char> control_in(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x20 || first == 0x7f) return first;
  if (first != 0xc2 || text.size() < 2) return std::nullopt;
  const auto second = static_cast<unsigned char>(text[1]);
  return second < 0xa0 ? std::optional{second} : std::nullopt;
}

void append_escaped(std::string& out, unsigned char control) {
  static constexpr char hex[] = "0123456789abcdef";
  out += "\\u00";
  out += hex[control >> 4];
  out += hex[control & 15];
}

}  // namespace

struct JsonParser::Body {
  simdjson::dom::parser parser;
  Limits limits;
  std::string padded;

  /// The object that `text` is, until the next parse; empty when it is none within the limits.
  std::optional<simdjson::dom::object> read(std::string_view text);
};

std::optional<simdjson::dom::object> JsonParser::Body::read(std::string_view text) {
  if (text.size() > limits.bytes) return std::nullopt;
  if (parser.capacity() < text.size() || parser.max_depth() != limits.depth) {
    const auto capacity = std::max(least_capacity, text.size());
    if (parser.allocate(capacity, limits.depth) != simdjson::SUCCESS) return std::nullopt;
  }
  padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(text);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  simdjson::dom::object object;
  if (parser.parse(padded.data(), text.size(), false).get(object) != simdjson::SUCCESS)
    return std::nullopt;
  return object;
}

// The limit is kept in parse(): simdjson's own must leave room for the least that it allocates.
JsonParser::JsonParser(Limits limits)
    : body_(new Body{simdjson::dom::parser{std::max(limits.bytes, least_capacity)}, limits, {}},
            [](Body* body) { delete body; }) {}

bool JsonParser::parse(std::string_view text, const JsonMember& member) {
  const auto object = body_->read(text);
  if (object) visit(*object, member);
  return object.has_value();
}

bool JsonParser::parse_nested(std::string_view text, const JsonMember& member) {
  const auto object = body_->read(text);
  if (object) visit_nested(*object, "", member);
  return object.has_value();
}

std::string json_without_controls(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const auto length = std::max<std::size_t>(utf8_length(json), 1);
    const auto code = control_in(json);
    if (json.front() == '\t' || json.front() == '\r')
      out += ' ';
    else if (code && json.front() != '\n')
      append_escaped(out, *code);
    else
      out.append(json.substr(0, length));
    json.remove_prefix(length);
  }
  return out;
}

void append_json_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (const auto code = control_in(text)) {
      append_escaped(out, *code);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

std::string json_quote(std::string_view text) {
  std::string out;
  append_json_quoted(out, text);
  return out;
}

std::string json_of(std::string_view text) {
  return json_quote(text);
}

std::string json_of(bool value) {
  return value ? "true" : "false";
}

std::string json_of(UtcSecond when) {
  return json_quote(format_iso_utc(when));
}

JsonObject& JsonObject::add_json(std::string_view key, std::string_view json) {
  const bool lines = style_ == JsonStyle::lines;
  if (!members_.empty()) members_ += style_ == JsonStyle::spaced ? ", " : ",";
  if (lines) members_ += "\n  ";
  append_json_quoted(members_, key);
  members_ += style_ == JsonStyle::compact ? ":" : ": ";
  members_ += json;
  return *this;
}

std::string JsonObject::text() const {
  return "{" + members_ + (style_ == JsonStyle::lines ? "\n}" : "}");
}

}  // namespace ntsbox
