#include "provision/core/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/json.h"
#include "base/nearest.h"
#include "certs/names.h"
#include "provision/core/board.h"
#include "provision/core/whitelist.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_values = 64;
constexpr std::int64_t longest_holdover_hours = 720;

/// What a value must be, when it is not that.
using Complaint = std::optional<std::string>;
using Texts = std::vector<std::string>;
using Check = Result<std::string> (*)(std::string_view);

/// Each in canonical form, each once. One empty text alone stands for none at all.
Complaint set_list(const Texts& texts, Check check, Texts& out) {
  Texts good;
  if (texts.size() > most_values) return fmt::format("may have {} values at most", most_values);
  if (texts == Texts{""}) {
    out.clear();
    return std::nullopt;
  }
  for (const auto& text : texts) {
    auto value = check(text);
    if (!value) return "is refused: " + value.error().message;
    if (std::find(good.begin(), good.end(), *value) == good.end()) good.push_back(*value);
  }
  out = std::move(good);
  return std::nullopt;
}

Complaint set_text(const std::string& text, Check check, std::string& out) {
  if (text.empty()) {
    out.clear();
    return std::nullopt;
  }
  auto value = check(text);
  if (!value) return "is refused: " + value.error().message;
  out = std::move(*value);
  return std::nullopt;
}

Complaint set_names(Settings& s, const Texts& texts) {
  return set_list(texts, certs::host_name, s.names);
}

Complaint set_addresses(Settings& s, const Texts& texts) {
  return set_list(texts, certs::ip_address, s.addresses);
}

Complaint set_allow(Settings& s, const Texts& texts) {
  return set_list(texts, network, s.allow);
}

Complaint set_upstreams(Settings& s, const Texts& texts) {
  return set_list(texts, host_or_address, s.upstreams);
}

Complaint set_receiver(Settings& s, const std::string& text) {
  return set_text(text, device_path, s.receiver);
}

Complaint set_pulse(Settings& s, const std::string& text) {
  return set_text(text, pulse_setting, s.pulse);
}

Complaint set_board(Settings& s, const std::string& text) {
  s.board = board_named(text);
  if (s.board || text.empty()) return std::nullopt;
  return R"(must be "pi3", "pi4", "pi5", "zero2" or "generic", or "" for the one that is found)";
}

Complaint set_lateness(Settings& s, const std::string& text) {
  const auto mode = lateness_mode(text);
  if (!mode || !is_offered(*mode)) return fmt::format("must be {}", lateness_modes_offered);
  s.lateness = *mode;
  return std::nullopt;
}

Complaint set_key(Settings& s, const std::string& text) {
  if (text != "p256" && text != "ed25519") return R"(must be "p256" or "ed25519")";
  s.key = text == "p256" ? certs::KeyKind::p256 : certs::KeyKind::ed25519;
  return std::nullopt;
}

Complaint set_firewall(Settings& s, const std::string& text) {
  if (text != "nft" && text != "none") return R"(must be "nft" or "none")";
  s.firewall = text == "nft" ? Firewall::nft : Firewall::none;
  return std::nullopt;
}

Complaint set_pps_gpio(Settings& s, std::int64_t number) {
  if (number < 2 || number > 27 || number == 14 || number == 15)
    return "must be the BCM number of a GPIO of the header, from 2 to 27, less 14 and 15, which "
           "are "
           "the receiver's";
  s.pps_gpio = static_cast<int>(number);
  return std::nullopt;
}

Complaint set_holdover(Settings& s, std::int64_t hours) {
  if (hours < 1 || hours > longest_holdover_hours)
    return fmt::format("must be an integer of hours from 1 to {}", longest_holdover_hours);
  s.holdover_limit = std::chrono::hours{hours};
  return std::nullopt;
}

/// One setting: its name in the file (as a flag it has - for _), how it is set and shown.
struct Key {
  std::string_view name;
  Complaint (*set_list)(Settings&, const Texts&) = nullptr;
  Complaint (*set_text)(Settings&, const std::string&) = nullptr;
  Complaint (*set_number)(Settings&, std::int64_t) = nullptr;
  bool Settings::*flag = nullptr;
};

constexpr std::array<Key, 17> keys = {{
    {"name", set_names},
    {"address", set_addresses},
    {"allow", set_allow},
    {"upstream", set_upstreams},
    {"airgap", nullptr, nullptr, nullptr, &Settings::airgap},
    {"receiver", nullptr, set_receiver},
    {"pulse", nullptr, set_pulse},
    {"pps_gpio", nullptr, nullptr, set_pps_gpio},
    {"board", nullptr, set_board},
    {"lateness", nullptr, set_lateness},
    {"key", nullptr, set_key},
    {"ca", nullptr, nullptr, nullptr, &Settings::ca},
    {"holdover_limit", nullptr, nullptr, set_holdover},
    {"firewall", nullptr, set_firewall},
    {"tune", nullptr, nullptr, nullptr, &Settings::tune},
    {"auto_updates", nullptr, nullptr, nullptr, &Settings::auto_updates},
    {"client_no_rtc", nullptr, nullptr, nullptr, &Settings::client_no_rtc},
}};

std::string nearest_key(std::string_view name) {
  std::vector<std::string_view> known;
  known.reserve(keys.size());
  for (const auto& key : keys) known.push_back(key.name);
  return nearest(name, known);
}

/// A text, or an array of texts.
std::optional<Texts> texts_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return Texts{*text};
  const auto* array = node.as_array();
  if (!array) return std::nullopt;
  Texts texts;
  texts.reserve(array->size());
  for (const auto& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

Complaint take(const Key& key, const toml::node& node, Settings& settings) {
  if (key.set_list) {
    const auto texts = texts_of(node);
    return texts ? key.set_list(settings, *texts) : R"(must be an array of texts, as ["…"])";
  }
  if (key.set_text) {
    const auto text = node.value_exact<std::string>();
    return text ? key.set_text(settings, *text) : "must be a text in quotes";
  }
  if (key.set_number) {
    const auto number = node.value_exact<std::int64_t>();
    return number ? key.set_number(settings, *number) : "must be an integer";
  }
  const auto value = node.value_exact<bool>();
  if (!value) return "must be true or false";
  settings.*key.flag = *value;
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

Result<Settings> read(const toml::table& root, const std::string& file) {
  Settings settings;
  Complaint first;
  toml::source_index line = 0;
  // The keys come in the order of the alphabet, not of the file.
  const auto complain = [&](const toml::key& key, std::string complaint) {
    if (first && key.source().begin.line >= line) return;
    first = std::move(complaint);
    line = key.source().begin.line;
  };
  for (const auto& [name, node] : root) {
    const auto* key = std::find_if(keys.begin(), keys.end(),
                                   [text = name.str()](const Key& k) { return k.name == text; });
    if (key == keys.end())
      complain(name, fmt::format(R"(unknown {} {}: did you mean "{}"?)",
                                 node.is_table() ? "table" : "key", shown(name.str()),
                                 nearest_key(name.str())));
    else if (const auto complaint = take(*key, node, settings))
      complain(name, fmt::format("{} {}", key->name, *complaint));
  }
  if (first) return fail(fmt::format("{}:{}: {}", file, line, *first));
  if (const auto wrong = contradiction(settings)) return fail(file + ": " + *wrong);
  return settings;
}

std::string quoted(const Texts& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + json_quote(text);
  return "[" + out + "]";
}

}  // namespace

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
  try {
    return read(toml::parse(text, file), file);
  } catch (const toml::parse_error& error) {
    return fail(
        fmt::format("{}:{}: {}", file, error.source().begin.line, printable(error.description())));
  }
}

Result<Settings> with_flags(Settings settings, const Flags& flags) {
  Complaint first;
  const auto set = [&](std::string_view flag, const auto& value, auto setter) {
    if (first || !value) return;
    if (const auto complaint = setter(settings, *value))
      first = fmt::format("--{} {}", flag, *complaint);
  };
  const auto put = [&](const std::optional<bool>& value, bool Settings::*member) {
    if (value) settings.*member = *value;
  };
  set("name", flags.names, set_names);
  set("address", flags.addresses, set_addresses);
  set("allow", flags.allow, set_allow);
  set("upstream", flags.upstreams, set_upstreams);
  set("receiver", flags.receiver, set_receiver);
  set("pulse", flags.pulse, set_pulse);
  set("pps-gpio", flags.pps_gpio, set_pps_gpio);
  set("board", flags.board, set_board);
  set("lateness", flags.lateness, set_lateness);
  set("key", flags.key, set_key);
  set("holdover-limit", flags.holdover_limit_hours, set_holdover);
  set("firewall", flags.firewall, set_firewall);
  put(flags.airgap, &Settings::airgap);
  put(flags.ca, &Settings::ca);
  put(flags.tune, &Settings::tune);
  put(flags.auto_updates, &Settings::auto_updates);
  put(flags.client_no_rtc, &Settings::client_no_rtc);
  // Either takes the place of what the file says of the other: `--airgap` is a cure.
  if (flags.airgap.value_or(false) && !flags.upstreams) settings.upstreams.clear();
  if (flags.upstreams && !flags.airgap) settings.airgap = false;
  if (!first) first = contradiction(settings);
  if (first) return fail(*first);
  return settings;
}

std::string render_settings(const Settings& s) {
  return fmt::format(
      "# What this box shall be: the settings of ntsbox-provision, as flags gave them last. "
      "Changes\n"
      "# take effect with the next `ntsbox-provision`.\n"
      "\n"
      "# Its names, the primary one first; none: the host name, and HOST.local.\n"
      "name = {}\n"
      "# Addresses by which clients ask, for the certificate.\n"
      "address = {}\n"
      "# Networks whose machines may ask for the time; none: nobody may.\n"
      "allow = {}\n"
      "# NTS servers to cross-check the receiver with; none: a set of several operators.\n"
      "upstream = {}\n"
      "# No other servers at all.\n"
      "airgap = {}\n"
      "\n"
      "# The receiver's device; \"\": the board's own UART.\n"
      "receiver = {}\n"
      "# The pulse: \"/dev/ppsN\", \"phc:/dev/ptpN:PIN\", \"stream:PATH\", or \"\" for the GPIO "
      "below.\n"
      "pulse = {}\n"
      "# The GPIO that the pulse comes in on (BCM number).\n"
      "pps_gpio = {}\n"
      "# \"pi3\", \"pi4\", \"pi5\", \"zero2\" or \"generic\"; \"\": as found.\n"
      "board = {}\n"
      "# What ntsboxd does about pulses that the board stamps late: \"raw\" (nothing) or "
      "\"auto\".\n"
      "lateness = {}\n"
      "\n"
      "# \"p256\" or \"ed25519\".\n"
      "key = {}\n"
      "# The certificate comes from a local CA whose key is elsewhere.\n"
      "ca = {}\n"
      "# Hours after which the box stops serving when its receiver is silent.\n"
      "holdover_limit = {}\n"
      "\n"
      "# \"nft\": a table of its own lets nobody else ask; or \"none\".\n"
      "firewall = {}\n"
      "# A constant CPU frequency.\n"
      "tune = {}\n"
      "# Debian's updates, with its leap seconds, install themselves.\n"
      "auto_updates = {}\n"
      "# Clients have no clock when they boot: they may not judge the certificate's dates then.\n"
      "client_no_rtc = {}\n",
      quoted(s.names), quoted(s.addresses), quoted(s.allow), quoted(s.upstreams), s.airgap,
      json_quote(s.receiver), json_quote(s.pulse), s.pps_gpio,
      json_quote(s.board ? name_of(*s.board) : ""), json_quote(name_of(s.lateness)),
      s.key == certs::KeyKind::p256 ? R"("p256")" : R"("ed25519")", s.ca, s.holdover_limit.count(),
      s.firewall == Firewall::nft ? R"("nft")" : R"("none")", s.tune, s.auto_updates,
      s.client_no_rtc);
}

}  // namespace ntsbox::provision
