// What the library issues, as files, for the tests alone: no box writes its keys like this.
//
//   certs_tool pin STEM KIND NOW NAME...            STEM.crt, STEM.key
//   certs_tool ca STEM KIND NOW NAME...             the same
//   certs_tool leaf STEM KIND NOW CA NAME...        a request, signed by CA.crt and CA.key
//
// KIND is p256 or ed25519, NOW seconds since 1970; a NAME with a colon, or of digits and dots, is
// an address.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "certs/issue.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::certs;

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

Names names_of(const std::vector<std::string>& words, std::size_t first) {
  Names names;
  for (auto i = first; i < words.size(); ++i)
    (ip_address(words[i]) ? names.addresses : names.hosts).push_back(words[i]);
  return names;
}

int refuse(const Error& error) {
  std::cerr << "certs_tool: " << error.message << '\n';
  return 1;
}

int write(const std::string& stem, std::string_view certificate, std::string_view key) {
  std::ofstream{stem + ".crt"} << certificate;
  std::ofstream{stem + ".key"} << key;
  return 0;
}

int issue(const std::vector<std::string>& words) {
  const auto& what = words[0];
  const auto kind = words[2] == "ed25519" ? KeyKind::ed25519 : KeyKind::p256;
  const UtcSecond now{seconds{std::stoll(words[3])}};
  const Moment moment{now, now - std::chrono::days{1}, false};
  if (what == "leaf") {
    const auto request = make_request(names_of(words, 5), kind);
    if (!request) return refuse(request.error());
    const auto leaf = sign_request(request->request, text_of(words[4] + ".crt"),
                                   text_of(words[4] + ".key"), moment);
    return leaf ? write(words[1], *leaf, request->key) : refuse(leaf.error());
  }
  const auto names = names_of(words, 4);
  const auto issued = what == "ca" ? issue_ca(names, kind, moment) : issue_pin(names, kind, moment);
  return issued ? write(words[1], issued->certificate, issued->key) : refuse(issued.error());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  if (words.size() < 5) {
    std::cerr << "usage: see certs_tool.cc\n";
    return 2;
  }
  return issue(words);
}
