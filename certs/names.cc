#include "certs/names.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ntsbox::certs {
namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;  // 255 octets on the wire (RFC 1035 §2.3.4)
constexpr std::size_t most_names = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `text` for an error message: a hostile one must not reach the terminal.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, longest_name)) out += c > 0x20 && c < 0x7f ? c : '?';
  return '"' + out + '"';
}

/// What is wrong with a label; "" when nothing is.
std::string label_fault(std::string_view label) {
  if (label.empty()) return "has an empty label: write it without a dot in front or at the end";
  if (label.size() > longest_label) return "has a label of more than 63 letters";
  if (label.front() == '-' || label.back() == '-') return "has a label that begins or ends with -";
  if (!std::all_of(label.begin(), label.end(), is_name_letter))
    return "may hold letters, digits, hyphens and dots alone (write other alphabets as xn--...)";
  return "";
}

/// Whether inet_aton(3), and so a resolver, would take a name that ends so for an address.
bool reads_as_number(std::string_view label) {
  if (label.starts_with("0x")) return std::all_of(label.begin() + 2, label.end(), is_hex_digit);
  return std::all_of(label.begin(), label.end(), is_digit);
}

using V6 = std::array<unsigned char, 16>;

/// Why no server is known by this address; "" when one can be.
std::string v4_fault(const std::array<unsigned char, 4>& ip) {
  if (ip[0] == 0) return "is unspecified";
  if (ip[0] >= 224) return "is no address of one machine";
  return "";
}

std::string v6_fault(const V6& ip) {
  const auto zeros = std::find_if(ip.begin(), ip.end(), [](auto byte) { return byte != 0; });
  const auto leading = zeros - ip.begin();
  if (leading == 16) return "is unspecified";
  const bool loopback = leading == 15 && ip[15] == 1;
  const bool mapped = leading == 10 && ip[10] == 0xff && ip[11] == 0xff;
  if (mapped || (leading >= 12 && !loopback)) return "is an IPv4 address: write it as one";
  if (ip[0] == 0xff) return "is no address of one machine";
  if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
    return "is link-local: it means nothing on another machine";
  return "";
}

using Check = Result<std::string> (*)(std::string_view);

Result<std::vector<std::string>> each_once(const std::vector<std::string>& texts, Check check) {
  std::vector<std::string> out;
  for (const auto& text : texts) {
    TRY(auto good, check(text));
    if (std::find(out.begin(), out.end(), good) == out.end()) out.push_back(std::move(good));
  }
  return out;
}

}  // namespace

Result<std::string> host_name(std::string_view text) {
  if (text.empty()) return fail("a host name is empty");
  const auto refuse = [&](std::string_view why) {
    return fail(fmt::format("host name {} {}", shown(text), why));
  };
  if (text.size() > longest_name) return refuse("is longer than 253 letters");
  if (ip_address(text)) return refuse("is an address");
  std::string name{text};
  std::transform(name.begin(), name.end(), name.begin(), lower);
  std::string_view rest = name;
  while (true) {
    const auto dot = rest.find('.');
    const auto label = rest.substr(0, dot);
    const auto fault = label_fault(label);
    if (!fault.empty()) return refuse(fault);
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (reads_as_number(rest)) return refuse("ends in a number, as addresses do");
  return name;
}

Result<std::string> ip_address(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(fmt::format("address {} {}", shown(text), why));
  };
  if (text.find('%') != std::string_view::npos)
    return refuse("has a zone: it means nothing on another machine");
  // inet_pton reads up to a NUL.
  if (text.find('\0') != std::string_view::npos) return refuse("is no IPv4 or IPv6 address");
  const std::string whole{text};
  char canonical[INET6_ADDRSTRLEN];
  std::array<unsigned char, 4> v4{};
  V6 v6{};
  std::string fault;
  const void* bytes = nullptr;
  const bool is_v4 = inet_pton(AF_INET, whole.c_str(), v4.data()) == 1;
  if (is_v4) {
    fault = v4_fault(v4);
    bytes = v4.data();
  } else if (inet_pton(AF_INET6, whole.c_str(), v6.data()) == 1) {
    fault = v6_fault(v6);
    bytes = v6.data();
  } else {
    return refuse("is no IPv4 or IPv6 address");
  }
  if (!fault.empty()) return refuse(fault);
  if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, canonical, sizeof canonical))
    return refuse("cannot be written");
  return canonical;
}

Result<Names> checked(const Names& names) {
  TRY(auto hosts, each_once(names.hosts, host_name));
  TRY(auto addresses, each_once(names.addresses, ip_address));
  const auto count = hosts.size() + addresses.size();
  if (count == 0) return fail("a certificate needs one host name or address at least");
  if (count > most_names)
    return fail(fmt::format("{} names for one server; {} is the most", count, most_names));
  return Names{std::move(hosts), std::move(addresses)};
}

}  // namespace ntsbox::certs
