#include "diagnose/evidence.h"

#include "base/json_writer.h"

namespace ntsbox::diagnose {

std::string to_json(const Collection& collection) {
  return JsonObject{JsonStyle::lines}
             .add("written", collection.written)
             .add("selectdata", collection.selectdata)
             .add("authdata", collection.authdata)
             .add("serverstats", collection.serverstats)
             .add("clients", collection.clients)
             .add("certificate", collection.certificate)
             .text() +
         "\n";
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

}  // namespace ntsbox::diagnose
