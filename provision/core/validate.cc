#include "provision/core/validate.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "base/text.h"
#include "certs/names.h"
#include "contract/pulse_source.h"

namespace ntsbox::provision {
namespace {

/// An address as bytes: 4 of them, or 16.
struct Bytes {
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 0;

  [[nodiscard]] std::string text() const {
    std::array<char, INET6_ADDRSTRLEN> out{};
    const int family = size == 4 ? AF_INET : AF_INET6;
    if (!inet_ntop(family, bytes.data(), out.data(), out.size())) return {};
    return out.data();
  }
};

std::optional<Bytes> parse_address(std::string_view text) {
  // inet_pton reads up to a NUL.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string whole{text};
  Bytes address;
  if (inet_pton(AF_INET, whole.c_str(), address.bytes.data()) == 1)
    address.size = 4;
  else if (inet_pton(AF_INET6, whole.c_str(), address.bytes.data()) == 1)
    address.size = 16;
  else
    return std::nullopt;
  return address;
}

/// Decimal digits alone, without a leading zero.
std::optional<std::size_t> parse_prefix(std::string_view text, std::size_t most) {
  std::size_t bits = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, bits);
  if (error != std::errc{} || stop != end || bits > most) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return bits;
}

/// The address with all but the first `prefix` bits cleared.
Bytes network_of(Bytes address, std::size_t prefix) {
  for (std::size_t i = 0; i < address.size; ++i) {
    const auto kept = std::min<std::size_t>(8, prefix > i * 8 ? prefix - i * 8 : 0);
    address.bytes.at(i) &= static_cast<unsigned char>(0xff00U >> kept);
  }
  return address;
}

}  // namespace

Result<std::string> network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address)
    return fail(fmt::format(
        R"(network {} is no address with a prefix length: write it as "192.168.1.0/24")",
        shown(text)));
  const auto most = address->size * 8;
  auto prefix = std::optional{most};
  if (slash != std::string_view::npos) prefix = parse_prefix(text.substr(slash + 1), most);
  if (!prefix)
    return fail(
        fmt::format("network {} must end in a prefix length from 0 to {}", shown(text), most));
  const auto base = network_of(*address, *prefix);
  const auto canonical = fmt::format("{}/{}", base.text(), *prefix);
  if (base.bytes != address->bytes)
    return fail(fmt::format(
        "network {} has bits of a host set: write {} for the network, or {} for that host alone",
        shown(text), canonical, address->text()));
  constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (base.size == 16 && *prefix >= 96 &&
      std::equal(mapped.begin(), mapped.end(), base.bytes.begin()))
    return fail(fmt::format("network {} is of IPv4: write it as one", shown(text)));
  return canonical;
}

Result<std::string> host_or_address(std::string_view text) {
  if (auto address = certs::ip_address(text)) return address;
  return certs::host_name(text);
}

Result<std::string> device_path(std::string_view text) {
  const auto fault = path_fault(text, longest_device_path);
  if (!fault.empty())
    return fail(fmt::format(R"(device {} {}: write it as "/dev/ttyAMA0")", shown(text), fault));
  return std::string{text};
}

Result<std::string> pulse_setting(std::string_view text) {
  if (const auto source = pulse_source(text); !source)
    return fail(fmt::format(
        R"(pulse source {} {}: write it as "/dev/pps0", "phc:/dev/ptp0:0" or "stream:/run/x.sock")",
        shown(text), source.error().message));
  return std::string{text};
}

std::optional<std::string> clock_of_pulse(const std::string& pulse) {
  const auto source = pulse_source(pulse);
  const auto* clock = source ? std::get_if<PhcSource>(&*source) : nullptr;
  if (!clock) return std::nullopt;
  return clock->path.substr(std::string_view{"/dev/"}.size());
}

}  // namespace ntsbox::provision
