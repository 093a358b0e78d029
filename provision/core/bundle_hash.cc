#include "provision/core/bundle_hash.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t digits = 64;
constexpr std::size_t group = 8;
constexpr std::size_t row = 32;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '+' || c == '-';
}

}  // namespace

Result<std::string> hash_in(std::string_view text) {
  std::string hash;
  for (const char c : text) {
    if (c == ' ') continue;
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower < '0' || lower > '9') && (lower < 'a' || lower > 'f'))
      return fail("is no SHA-256: it holds something else than hexadecimal digits");
    hash += lower;
  }
  if (hash.size() != digits)
    return fail(fmt::format("is no SHA-256: it has {} digits of 64", hash.size()));
  return hash;
}

std::string hash_shown(std::string_view file, const std::string& hash) {
  auto text = fmt::format("SHA-256 of {}:", printable(file));
  for (std::size_t at = 0; at < hash.size(); at += group)
    text += (at % row == 0 ? "\n  " : " ") + hash.substr(at, group);
  return text + "\n";
}

std::string file_name(std::string_view path) {
  return std::string{path.substr(path.rfind('/') + 1)};
}

bool is_bundle_name(std::string_view path) {
  const auto name = file_name(path);
  return (name.ends_with(".tar") || name.ends_with(".tar.gz")) && !name.starts_with('-') &&
         std::all_of(name.begin(), name.end(), is_plain);
}

std::string client_commands(const std::string& name, const std::string& hash) {
  return fmt::format(
      "Take the file to the client and compare its hash with this screen, never with anything that "
      "came with\nthe file. With ntsbox on the client:\n"
      "  sudo ntsbox-provision trust {0}\n"
      "Without, in a folder that nobody else can write to; each command runs if the one before did "
      "well:\n"
      "  echo '{1}  {0}' | sha256sum -c &&\n"
      "  tar -xf {0} &&\n"
      "  sudo sh ntsbox-bundle/install.sh\n",
      name, hash);
}

}  // namespace ntsbox::provision
