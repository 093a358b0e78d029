#include "provision/core/settings.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "certs/names.h"
#include "contract/pulse_source.h"
#include "provision/core/board.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_values = 64;
constexpr std::int64_t longest_holdover_hours = 720;

using Texts = std::vector<std::string>;
using Check = Result<std::string> (*)(std::string_view);

/// Each in canonical form, each once. One empty text alone stands for none at all.
template <auto member, Check check>
Complaint read_list(Settings& settings, const SettingValue& value) {
  const auto& texts = std::get<Texts>(value);
  if (texts.size() > most_values) return fmt::format("may have {} values at most", most_values);
  Texts good;
  for (const auto& text : texts == Texts{""} ? Texts{} : texts) {
    auto one = check(text);
    if (!one) return "is refused: " + one.error().message;
    if (std::find(good.begin(), good.end(), *one) == good.end()) good.push_back(std::move(*one));
  }
  settings.*member = std::move(good);
  return std::nullopt;
}

template <auto member, Check check>
Complaint read_text(Settings& settings, const SettingValue& value) {
  const auto& text = std::get<std::string>(value);
  auto good = text.empty() ? Result<std::string>{""} : check(text);
  if (!good) return "is refused: " + good.error().message;
  settings.*member = std::move(*good);
  return std::nullopt;
}

Complaint read_pps_gpio(Settings& settings, const SettingValue& value) {
  const auto number = std::get<std::int64_t>(value);
  if (number < 2 || number > 27 || number == 14 || number == 15)
    return "must be the BCM number of a GPIO of the header, from 2 to 27, except 14 and 15, which "
           "are the receiver's";
  settings.pps_gpio = static_cast<int>(number);
  return std::nullopt;
}

Complaint read_board(Settings& settings, const SettingValue& value) {
  const auto& text = std::get<std::string>(value);
  settings.board = board_named(text);
  if (settings.board || text.empty()) return std::nullopt;
  return R"(must be "pi3", "pi4", "pi5", "zero2" or "generic", or "" for the one that is found)";
}

Complaint read_lateness(Settings& settings, const SettingValue& value) {
  const auto& text = std::get<std::string>(value);
  const auto mode = lateness_mode(text);
  if (!mode || !is_offered(*mode)) return fmt::format("must be {}", lateness_modes_offered);
  settings.lateness = *mode;
  return std::nullopt;
}

Complaint read_key(Settings& settings, const SettingValue& value) {
  const auto& text = std::get<std::string>(value);
  if (text != "p256" && text != "ed25519") return R"(must be "p256" or "ed25519")";
  settings.key = text == "p256" ? certs::KeyKind::p256 : certs::KeyKind::ed25519;
  return std::nullopt;
}

Complaint read_holdover_limit(Settings& settings, const SettingValue& value) {
  const auto hours = std::get<std::int64_t>(value);
  if (hours < 1 || hours > longest_holdover_hours)
    return fmt::format("must be an integer of hours from 1 to {}", longest_holdover_hours);
  settings.holdover_limit = std::chrono::hours{hours};
  return std::nullopt;
}

Complaint read_firewall(Settings& settings, const SettingValue& value) {
  const auto& text = std::get<std::string>(value);
  if (text != "nft" && text != "none") return R"(must be "nft" or "none")";
  settings.firewall = text == "nft" ? Firewall::nft : Firewall::none;
  return std::nullopt;
}

/// What does not go together in settings that are good one by one.
Complaint contradiction(const Settings& settings) {
  if (settings.airgap && !settings.upstreams.empty())
    return "airgap excludes upstream servers: take one of the two away";
  if (settings.names.size() + settings.addresses.size() > most_values)
    return fmt::format("a certificate holds {} names and addresses at most", most_values);
  return std::nullopt;
}

template <auto member>
constexpr auto write = write_member<member, Settings>;
template <auto member>
constexpr auto read_switch = read_member<member, Settings>;

constexpr Setting<Settings> table[] = {
    {.key = "name",
     .type = "HOST",
     .help = "Name of the server, the primary one first; repeatable (default: host name)",
     .comment = "Names of the server, the primary one first. Empty: the host name, and HOST.local.",
     .read = read_list<&Settings::names, certs::host_name>,
     .write = write<&Settings::names>},
    {.key = "address",
     .type = "IP",
     .help = "Address in the certificate; repeatable",
     .comment = "Addresses by which clients reach the server, for the certificate.",
     .read = read_list<&Settings::addresses, certs::ip_address>,
     .write = write<&Settings::addresses>},
    {.key = "allow",
     .type = "CIDR",
     .help = "Network that may ask for the time; repeatable (default: none)",
     .comment = "Networks that may ask for the time. Empty: none.",
     .read = read_list<&Settings::allow, network>,
     .write = write<&Settings::allow>},
    {.key = "upstream",
     .type = "HOST",
     .help = "NTS server to compare the receiver with; repeatable (default: four)",
     .comment = "NTS servers to compare the receiver with. Empty: a set of several operators.",
     .read = read_list<&Settings::upstreams, host_or_address>,
     .write = write<&Settings::upstreams>},
    {.key = "airgap",
     .help = "Use no upstream servers",
     .comment = "No upstream servers.",
     .read = read_switch<&Settings::airgap>,
     .write = write<&Settings::airgap>},
    {.key = "receiver",
     .type = "DEVICE",
     .help = "Device of the receiver (default: the board's own UART)",
     .comment = "Device of the receiver. Empty: the board's own UART.",
     .read = read_text<&Settings::receiver, device_path>,
     .write = write<&Settings::receiver>,
     .begins_group = true},
    {.key = "pulse",
     .type = "SOURCE",
     .help = "/dev/ppsN, phc:/dev/ptpN:PIN or stream:PATH (default: the GPIO)",
     .comment =
         "Pulse source: \"/dev/ppsN\", \"phc:/dev/ptpN:PIN\" or \"stream:PATH\". Empty: the GPIO.",
     .read = read_text<&Settings::pulse, pulse_setting>,
     .write = write<&Settings::pulse>},
    {.key = "pps_gpio",
     .type = "N",
     .help = "GPIO of the pulse, BCM number, 2 to 27 except 14, 15 (default: 4)",
     .comment = "GPIO of the pulse: BCM number, 2 to 27 except 14 and 15.",
     .read = read_pps_gpio,
     .write = [](const Settings& s) -> SettingValue { return std::int64_t{s.pps_gpio}; }},
    {.key = "board",
     .type = "BOARD",
     .help = "pi3, pi4, pi5, zero2 or generic (default: as found)",
     .comment = "\"pi3\", \"pi4\", \"pi5\", \"zero2\" or \"generic\". Empty: as found.",
     .read = read_board,
     .write = [](const Settings& s) -> SettingValue {
       return std::string{s.board ? name_of(*s.board) : ""};
     }},
    {.key = "lateness",
     .type = "MODE",
     .help = "Correction of late timestamps: raw (none) or auto (default: raw)",
     .comment = "Correction of pulses that the board timestamps late: \"raw\" (none) or \"auto\".",
     .read = read_lateness,
     .write = [](const Settings& s) -> SettingValue { return std::string{name_of(s.lateness)}; }},
    {.key = "key",
     .type = "KIND",
     .help = "Key of the certificates to come: p256 or ed25519 (default: p256)",
     .comment = "Key of the certificates to come: \"p256\" or \"ed25519\".",
     .read = read_key,
     .write = [](const Settings& s) -> SettingValue {
       return std::string{s.key == certs::KeyKind::p256 ? "p256" : "ed25519"};
     },
     .begins_group = true},
    {.key = "ca",
     .help = "Get the next certificates from a local CA",
     .comment = "The next certificates come from a local CA, whose key is on another machine.",
     .read = read_switch<&Settings::ca>,
     .write = write<&Settings::ca>},
    {.key = "holdover_limit",
     .type = "HOURS",
     .help = "Hours to serve without the receiver, 1 to 720 (default: 24)",
     .comment = "Hours, 1 to 720, after which a server without its receiver stops serving.",
     .read = read_holdover_limit,
     .write = [](const Settings& s) -> SettingValue {
       return std::int64_t{s.holdover_limit.count()};
     }},
    {.key = "firewall",
     .type = "KIND",
     .help = "nft (only --allow may ask) or none (default: none)",
     .comment = "\"nft\": a table that lets nobody but `allow` ask; or \"none\".",
     .read = read_firewall,
     .write = [](const Settings& s) -> SettingValue {
       return std::string{s.firewall == Firewall::nft ? "nft" : "none"};
     },
     .begins_group = true},
    {.key = "tune",
     .help = "Hold the CPU at a constant frequency, for steadier time",
     .comment = "Hold the CPU at a constant frequency.",
     .read = read_switch<&Settings::tune>,
     .write = write<&Settings::tune>},
    {.key = "auto_updates",
     .help = "Install security updates and leap seconds automatically",
     .comment = "Install Debian's security updates and leap seconds automatically.",
     .read = read_switch<&Settings::auto_updates>,
     .write = write<&Settings::auto_updates>},
    {.key = "restart_gpsd",
     .help = "Restart gpsd when it is stuck, at most hourly",
     .comment = "Restart gpsd when it is stuck (stuck-time), at most once an hour.",
     .read = read_switch<&Settings::restart_gpsd>,
     .write = write<&Settings::restart_gpsd>},
    {.key = "client_no_rtc",
     .help = "Clients boot without a clock: their chronyd ignores the dates of all certificates at "
             "first",
     .comment = "Clients boot without a clock: chronyd there checks no server's dates until it has "
                "set it.",
     .read = read_switch<&Settings::client_no_rtc>,
     .write = write<&Settings::client_no_rtc>},
};

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

std::span<const Setting<Settings>> settings_table() {
  return table;
}

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
  Settings settings;
  TRY(read_settings(settings, table, text, file));
  if (const auto wrong = contradiction(settings)) return fail(file + ": " + *wrong);
  return settings;
}

Result<Settings> with_flags(Settings settings, const Flags& flags) {
  TRY(take_flags(settings, table, flags));
  // Either replaces what the file has of the other: `--airgap` is a hint.
  const auto airgap = flags.find("airgap");
  const bool upstream = flags.contains("upstream");
  if (airgap != flags.end() && std::get<bool>(airgap->second) && !upstream)
    settings.upstreams.clear();
  if (upstream && airgap == flags.end()) settings.airgap = false;
  if (const auto wrong = contradiction(settings)) return fail(*wrong);
  return settings;
}

std::string render_settings(const Settings& settings) {
  return "# Settings of ntsbox-provision, as its flags gave them last. Changes take effect with "
         "the\n"
         "# next run of `ntsbox-provision`.\n"
         "\n" +
         render_settings(settings, table);
}

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
