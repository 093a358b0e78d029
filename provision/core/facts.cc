#include "provision/core/facts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace ntsbox::provision {
namespace {

/// Takes the text up to `stop` off the front, and `stop` with it.
std::string_view take(std::string_view& text, char stop) {
  const auto end = std::min(text.find(stop), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::string_view without_quotes(std::string_view value) {
  const bool quoted = value.size() > 1 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

/// The value of a field in one paragraph of dpkg's status file.
std::string_view field(std::string_view paragraph, std::string_view name) {
  for (const auto line : lines_of(paragraph))
    if (line.starts_with(name) && line.substr(name.size(), 2) == ": ")
      return line.substr(name.size() + 2);
  return {};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

const std::vector<std::string>& units_of_interest() {
  static const std::vector<std::string> units = {"chrony.service",
                                                 "gpsd.service",
                                                 "gpsd.socket",
                                                 "ntsboxd.service",
                                                 "ntsbox-holdover.timer",
                                                 "ntsbox-status.timer",
                                                 "ntsbox-metrics.timer",
                                                 "ntsbox-provision-resume.service",
                                                 gpsd_restart_timer,
                                                 "hciuart.service",
                                                 "nftables.service",
                                                 "firewalld.service",
                                                 "ufw.service"};
  return units;
}

const std::vector<std::string>& packages_of_interest() {
  static const std::vector<std::string> packages = {
      "chrony", "gpsd", "nftables", "prometheus-node-exporter", "unattended-upgrades"};
  return packages;
}

std::optional<Version> parse_version(std::string_view text) {
  if (const auto epoch = text.find(':'); epoch != std::string_view::npos)
    text.remove_prefix(epoch + 1);
  Version version;
  const std::array<int*, 3> parts = {&version.major, &version.minor, &version.patch};
  const auto* at = text.data();
  const auto* end = text.data() + text.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [stop, error] = std::from_chars(at, end, *parts.at(i));
    if (error != std::errc{} || *parts.at(i) < 0) return std::nullopt;
    at = stop;
    if (at == end || *at != '.') return i >= 1 ? std::optional{version} : std::nullopt;
    ++at;
  }
  return version;
}

std::string os_release_value(std::string_view text, std::string_view key) {
  for (auto line : lines_of(text))
    if (take(line, '=') == key) return std::string{without_quotes(line)};
  return {};
}

std::map<std::string, Package> installed_packages(std::string_view status,
                                                  const std::vector<std::string>& names) {
  std::map<std::string, Package> found;
  while (!status.empty()) {
    const auto end = std::min(status.find("\n\n"), status.size());
    const auto paragraph = status.substr(0, end);
    status.remove_prefix(std::min(end + 2, status.size()));
    const std::string name{field(paragraph, "Package")};
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (!field(paragraph, "Status").ends_with(" ok installed")) continue;
    found[name] = {std::string{field(paragraph, "Version")},
                   std::string{field(paragraph, "Architecture")}};
  }
  return found;
}

std::set<std::string> account_names(std::string_view text) {
  std::set<std::string> names;
  for (auto line : lines_of(text))
    if (const auto name = take(line, ':'); !name.empty()) names.emplace(name);
  return names;
}

std::set<std::string> sysusers_names(std::string_view text) {
  std::set<std::string> names;
  for (const auto line : lines_of(text))
    if (const auto words = words_of(line);
        words.size() > 1 && (words[0] == "u" || words[0] == "u!"))
      names.insert(words[1]);
  return names;
}

std::optional<Board> board_of_boot_folder(const std::vector<std::string>& names) {
  std::set<Board> boards;
  for (const std::string_view name : names) {
    if (!name.ends_with(".dtb")) continue;
    if (name.starts_with("bcm2710-rpi-3")) boards.insert(Board::pi3);
    if (name.starts_with("bcm2710-rpi-zero-2")) boards.insert(Board::zero2);
    if (name.starts_with("bcm2711-rpi-")) boards.insert(Board::pi4);
    if (name.starts_with("bcm2712-") || name.starts_with("bcm2712d0-")) boards.insert(Board::pi5);
  }
  return boards.size() == 1 ? std::optional{*boards.begin()} : std::nullopt;
}

bool has_narrow_time(std::string_view architecture, std::string_view codename) {
  constexpr std::array<std::string_view, 5> old = {"buster", "bullseye", "bookworm", "focal",
                                                   "jammy"};
  if (architecture == "i386") return true;
  return (architecture == "armhf" || architecture == "armel") &&
         std::find(old.begin(), old.end(), codename) != old.end();
}

std::vector<std::vector<std::string>> directives(std::string_view text) {
  std::vector<std::vector<std::string>> found;
  for (const auto line : lines_of(text)) {
    auto words = words_of(line);
    if (words.empty() ||
        std::string_view{"!;#%"}.find(words.front().front()) != std::string_view::npos)
      continue;
    std::transform(words.front().begin(), words.front().end(), words.front().begin(), lower);
    found.push_back(std::move(words));
  }
  return found;
}

std::optional<std::int64_t> hexadecimal(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
  return error == std::errc{} && stop == end ? std::optional{value} : std::nullopt;
}

std::optional<Version> chronyd_version(std::string_view output) {
  const auto words = words_of(output);
  const auto word = std::find(words.begin(), words.end(), "version");
  if (word == words.end() || word + 1 == words.end()) return std::nullopt;
  return parse_version(word[1]);
}

}  // namespace ntsbox::provision
