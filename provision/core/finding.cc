#include "provision/core/finding.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace ntsbox::provision {
namespace {

struct Sign {
  std::string_view text;
  std::string_view colour;  // ECMA-48, select graphic rendition
};

Sign sign_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return {"ok     ", "\x1b[32m"};
    case Verdict::warning:
      return {"warning", "\x1b[33m"};
    case Verdict::failed:
      return {"FAILED ", "\x1b[31m"};
  }
  return {};
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::failed:
      return "failed";
  }
  return "";
}

Verdict worst(const Findings& findings) {
  auto verdict = Verdict::ok;
  for (const auto& finding : findings) verdict = std::max(verdict, finding.verdict);
  return verdict;
}

std::string in_text(const Findings& findings, bool colour) {
  std::string out;
  for (const auto& [name, verdict, what, cure] : findings) {
    const auto sign = sign_of(verdict);
    out += colour ? fmt::format("{}{}\x1b[0m", sign.colour, sign.text) : std::string{sign.text};
    out += fmt::format("  {:<14} {}\n", name, what);
    if (!cure.empty()) out += fmt::format("{:24} cure: {}\n", "", cure);
  }
  return out;
}

std::string in_json(const Findings& findings) {
  std::string list;
  for (const auto& [name, verdict, what, cure] : findings)
    list += fmt::format(R"({}{{"name":{},"verdict":"{}","what":{},"cure":{}}})",
                        list.empty() ? "" : ",", json_quote(name), name_of(verdict),
                        json_quote(what), json_quote(cure));
  return fmt::format("{{\"verdict\":\"{}\",\"findings\":[{}]}}\n", name_of(worst(findings)), list);
}

}  // namespace ntsbox::provision
