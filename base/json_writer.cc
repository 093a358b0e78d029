#include "base/json_writer.h"

namespace ntsbox {

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
