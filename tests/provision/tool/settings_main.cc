// For hostile_test.py: what becomes of settings, many of them in one run.
//
// A line of standard input is a kind ("file", or a flag's name) and its text in hexadecimal. The
// answer is a line: "refused" and the reason, or "good" and each file that the text may have
// reached: provision.toml, chrony.conf, gpsd.env, ntsboxd.toml and firewall.nft.
//
// With an argument: the table of settings.

#include <fmt/format.h>

#include <iostream>
#include <string>

#include "provision/core/server_plan.h"
#include "tests/provision/support/machines.h"

using namespace ntsbox;
using namespace ntsbox::provision;

namespace {

std::string from_hex(const std::string& hex) {
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    text += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return text;
}

std::string to_hex(const std::string& text) {
  std::string hex;
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex.empty() ? "-" : hex;
}

Result<Settings> settings_of(const std::string& kind, const std::string& text) {
  if (kind == "file") return parse_settings(text, "provision.toml");
  const bool single = kind == "receiver" || kind == "pulse";
  const auto value = single ? SettingValue{text} : SettingValue{std::vector{text}};
  const Flags flags{{kind, value}};
  return with_flags({}, flags);
}

std::string content(const Plan& plan, const std::string& path) {
  for (const auto& resource : plan.resources)
    if (resource.path == path && resource.entry) return resource.entry->content;
  return {};
}

std::string answer(const std::string& kind, const std::string& text) {
  auto settings = settings_of(kind, text);
  if (!settings) return "refused " + to_hex(settings.error().message);
  const auto saved_settings = render_settings(*settings);
  settings->firewall = Firewall::nft;
  const auto made =
      plan(*settings, testing::fresh_pi(), Identity{.key = "KEY", .certificate = "CERTIFICATE"});
  if (!made) return "refused " + to_hex(made.error().message);
  std::string line = "good " + to_hex(saved_settings);
  for (const auto* path : {"/etc/chrony/chrony.conf", "/etc/ntsbox/gpsd.env",
                           "/etc/ntsbox/ntsboxd.toml", "/etc/ntsbox/firewall.nft"})
    line += " " + to_hex(content(*made, path));
  return line;
}

/// For man_test.py and completion_test.py: key, default and flag of each setting, a line each.
void print_table() {
  for (const auto& row : settings_table())
    std::cout << fmt::format("{} {} --{}\n", row.key, render(row.write({})), flag_of(row.key));
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) return print_table(), 0;
  std::string kind, hex;
  while (std::cin >> kind >> hex) std::cout << answer(kind, from_hex(hex)) << "\n";
}
