#include "status/core/collection.h"

#include <fmt/format.h>

#include "base/json.h"

namespace ntsbox::status {

std::string to_json(const Collection& collection) {
  return fmt::format(
      "{{\n  \"written\": {},\n  \"selectdata\": {},\n  \"authdata\": {},\n  \"serverstats\": {},\n"
      "  \"clients\": {},\n  \"certificate\": {}\n}}\n",
      json_quote(format_iso_utc(collection.written)), json_quote(collection.selectdata),
      json_quote(collection.authdata), json_quote(collection.serverstats), collection.clients,
      json_quote(collection.certificate));
}

std::optional<Collection> parse_collection(std::string_view text) {
  Collection collection;
  bool dated = false;
  const auto take_text = [&](std::string_view key, std::string_view value) {
    if (key == "selectdata") collection.selectdata = value;
    if (key == "authdata") collection.authdata = value;
    if (key == "serverstats") collection.serverstats = value;
    if (key == "certificate") collection.certificate = value;
    if (key != "written") return;
    const auto written = parse_iso_utc(value);
    dated = written.has_value();
    if (written) collection.written = written->second;
  };
  JsonParser parser{{std::size_t{1} << 20, 4}};
  const bool object = parser.parse(text, [&](std::string_view key, const JsonValue& value) {
    if (const auto* words = std::get_if<std::string_view>(&value)) take_text(key, *words);
    if (const auto* number = std::get_if<std::int64_t>(&value); number && key == "clients")
      collection.clients = *number;
  });
  return object && dated ? std::optional{collection} : std::nullopt;
}

}  // namespace ntsbox::status
