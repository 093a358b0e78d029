#include "provision/core/finding.h"

#include <fmt/format.h>

#include <array>

#include "base/json_writer.h"

namespace ntsbox::provision {
namespace {

struct Sign {
  std::string_view text;
  std::string_view colour;  // ECMA-48, select graphic rendition
};

// By Severity.
constexpr std::array<Sign, 3> signs{
    {{"ok     ", "\x1b[32m"}, {"warning", "\x1b[33m"}, {"FAILED ", "\x1b[31m"}}};

}  // namespace

std::string in_text(const Findings& findings, bool colour) {
  std::string out;
  for (const auto& finding : findings) {
    const auto& sign = signs.at(static_cast<std::size_t>(finding.severity));
    out += colour ? fmt::format("{}{}\x1b[0m", sign.colour, sign.text) : std::string{sign.text};
    out += fmt::format("  {:<14} {}\n", finding.name, finding.what);
    if (!finding.hint.empty()) out += fmt::format("{:24} cure: {}\n", "", finding.hint);
  }
  return out;
}

std::string in_json(const Findings& findings) {
  const auto list = json_array(findings, [](const Finding& finding) {
    return JsonObject{}
        .add("name", finding.name)
        .add("verdict", name_of(finding.severity))
        .add("what", finding.what)
        .add("cure", finding.hint)
        .text();
  });
  return JsonObject{}.add("verdict", name_of(worst(findings))).add_json("findings", list).text() +
         "\n";
}

}  // namespace ntsbox::provision
