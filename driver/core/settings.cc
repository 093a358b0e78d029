#include "driver/core/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "driver/core/path.h"

namespace ntsbox::driver {
namespace {

constexpr std::int64_t longest_cable_ns = 1'000'000;
constexpr std::int64_t longest_latency_ns = 1'000'000;
constexpr std::int64_t most_history_days = 3660;
constexpr int first_free_unit = 8;
constexpr int last_unit = 255;  // the key's digit is one byte (chrony refclock_shm.c)

/// The settings while they are read: some keys mean something only beside another.
struct Draft {
  Settings settings;
  PulseSource source = PpsSource{};
  CaptureEdge edge = CaptureEdge::assert;
  std::string socket = contract::socket_path;
  std::optional<int> shm_unit;
};

/// What a value must be, when it is not that.
using Complaint = std::optional<std::string>;

/// Letters that need no care inside JSON, nor in a log.
bool is_device_path(std::string_view text) {
  return is_path(text) && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view{"._/:+-"}.find(c) != std::string_view::npos;
         });
}

Complaint take_host(const toml::node& node, Draft& draft) {
  const auto host = node.value_exact<std::string>();
  if (!host || host->empty() || !is_plain(*host) || host->find(' ') != std::string::npos)
    return R"(must be a host name or an address, as "127.0.0.1")";
  draft.settings.gpsd.host = *host;
  return std::nullopt;
}

Complaint take_port(const toml::node& node, Draft& draft) {
  const auto port = node.value_exact<std::int64_t>();
  if (!port || *port < 1 || *port > 65535) return "must be an integer from 1 to 65535";
  draft.settings.gpsd.port = static_cast<int>(*port);
  return std::nullopt;
}

Complaint take_device(const toml::node& node, Draft& draft) {
  const auto device = node.value_exact<std::string>();
  if (!device || (!device->empty() && !is_device_path(*device)))
    return R"(must be the absolute path of a device as gpsd names it, as "/dev/ttyAMA0", of letters, digits and ._/:+-; or "" for whichever single device gpsd has)";
  draft.settings.gpsd.device = *device;
  return std::nullopt;
}

Complaint take_source(const toml::node& node, Draft& draft) {
  const auto text = node.value_exact<std::string>();
  auto source = pulse_source(text.value_or(""));
  if (!source) return fmt::format("must be {}", pulse_source_shape);
  draft.source = std::move(*source);
  return std::nullopt;
}

Complaint take_edge(const toml::node& node, Draft& draft) {
  const auto edge = node.value_exact<std::string>();
  if (edge != "assert" && edge != "clear") return R"(must be "assert" or "clear")";
  draft.edge = edge == "assert" ? CaptureEdge::assert : CaptureEdge::clear;
  return std::nullopt;
}

Complaint take_cable_delay(const toml::node& node, Draft& draft) {
  const auto delay = node.value_exact<std::int64_t>();
  if (!delay || *delay < 0 || *delay > longest_cable_ns)
    return fmt::format("must be an integer of nanoseconds from 0 to {} (5 ns a metre of cable)",
                       longest_cable_ns);
  draft.settings.cable_delay = nanoseconds{*delay};
  return std::nullopt;
}

Complaint take_nanoseconds_of_latency(const toml::node& node, nanoseconds& out) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < 0 || *value > longest_latency_ns)
    return fmt::format(
        "must be an integer of nanoseconds from 0 to {} (ntsbox-pps echo measures it)",
        longest_latency_ns);
  out = nanoseconds{*value};
  return std::nullopt;
}

Complaint take_latency(const toml::node& node, Draft& draft) {
  return take_nanoseconds_of_latency(node, draft.settings.latency.usual);
}

Complaint take_latency_uncertainty(const toml::node& node, Draft& draft) {
  return take_nanoseconds_of_latency(node, draft.settings.latency.uncertainty);
}

Complaint take_lateness(const toml::node& node, Draft& draft) {
  const auto name = node.value_exact<std::string>();
  const auto mode = name ? lateness_mode(*name) : std::nullopt;
  if (!mode) return fmt::format("must be {}", lateness_modes_offered);
  draft.settings.lateness = *mode;
  return std::nullopt;
}

Complaint take_sink(const toml::node& node, Draft& draft) {
  const auto sink = node.value_exact<std::string>();
  if (sink == "sock") return std::nullopt;
  int unit = -1;
  if (sink && sink->starts_with("shm:")) {
    const char* end = sink->data() + sink->size();
    const auto [stop, error] = std::from_chars(sink->data() + 4, end, unit);
    if (error != std::errc{} || stop != end) unit = -1;
  }
  if (unit >= 0 && unit < first_free_unit)
    return fmt::format(
        "must not be unit {}: gpsd itself makes the units 0 to 7; choose one from {} to {}", unit,
        first_free_unit, last_unit);
  if (unit < first_free_unit || unit > last_unit)
    return fmt::format(R"(must be "sock", or "shm:N" with N from {} to {})", first_free_unit,
                       last_unit);
  draft.shm_unit = unit;
  return std::nullopt;
}

Complaint take_socket(const toml::node& node, Draft& draft) {
  const auto path = node.value_exact<std::string>();
  if (!path || !is_socket_path(*path))
    return fmt::format(R"(must be an absolute path of at most {} bytes, as "{}")",
                       longest_socket_path, contract::socket_path);
  draft.socket = *path;
  return std::nullopt;
}

Complaint take_witness(const toml::node& node, Draft& draft) {
  const auto heeded = node.value_exact<bool>();
  if (!heeded) return "must be true or false";
  draft.settings.witness = *heeded;
  return std::nullopt;
}

Complaint take_optional_path(const toml::node& node, std::string& out) {
  const auto path = node.value_exact<std::string>();
  if (!path || (!path->empty() && !is_path(*path)))
    return R"(must be an absolute path, or "" to do without)";
  out = *path;
  return std::nullopt;
}

Complaint take_status(const toml::node& node, Draft& draft) {
  return take_optional_path(node, draft.settings.status_file);
}

Complaint take_state(const toml::node& node, Draft& draft) {
  return take_optional_path(node, draft.settings.state_folder);
}

Complaint take_history_days(const toml::node& node, Draft& draft) {
  const auto days = node.value_exact<std::int64_t>();
  if (!days || *days < 0 || *days > most_history_days)
    return fmt::format("must be an integer of days from 0 (no history) to {}", most_history_days);
  draft.settings.history_days = static_cast<int>(*days);
  return std::nullopt;
}

struct Key {
  std::string_view name;
  Complaint (*take)(const toml::node& node, Draft& draft);

  [[nodiscard]] std::string_view table() const { return name.substr(0, name.find('.')); }
};

constexpr auto keys =
    std::to_array<Key>({{"gpsd.host", take_host},
                        {"gpsd.port", take_port},
                        {"gpsd.device", take_device},
                        {"pulse.source", take_source},
                        {"pulse.edge", take_edge},
                        {"pulse.cable_delay_ns", take_cable_delay},
                        {"pulse.latency_ns", take_latency},
                        {"pulse.latency_uncertainty_ns", take_latency_uncertainty},
                        {"pulse.lateness", take_lateness},
                        {"chrony.sink", take_sink},
                        {"chrony.socket", take_socket},
                        {"integrity.witness", take_witness},
                        {"files.status", take_status},
                        {"files.state", take_state},
                        {"files.history_days", take_history_days}});

template <class Part>
std::string nearest_key(std::string_view name, Part part) {
  std::vector<std::string_view> known;
  known.reserve(keys.size());
  for (const auto& key : keys) known.push_back(part(key));
  return nearest(name, known);
}

/// Reads a parsed file into a draft, and keeps the complaint that stands first in the file.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<Draft> read(const toml::table& root) {
    for (const auto& [name, node] : root) read_table(name, node);
    if (complaint_) return fail(fmt::format("{}:{}: {}", file_, line_, *complaint_));
    return std::move(draft_);
  }

 private:
  void read_table(const toml::key& name, const toml::node& node) {
    const bool known = std::any_of(keys.begin(), keys.end(),
                                   [&](const Key& k) { return k.table() == name.str(); });
    const auto* table = node.as_table();
    if (known && !table) {
      complain(name.source(), fmt::format("{0} must be a table: write [{0}]", name.str()));
    } else if (known) {
      for (const auto& [key, value] : *table) read_key(name, key, value);
    } else if (table) {
      complain(name.source(),
               fmt::format(R"(unknown table {}: did you mean "{}"?)", json_quote(name.str()),
                           nearest_key(name.str(), [](const Key& k) { return k.table(); })));
    } else {
      complain_of_unknown_key(name.source(), std::string{name.str()});
    }
  }

  void read_key(const toml::key& table, const toml::key& key, const toml::node& value) {
    const auto name = fmt::format("{}.{}", table.str(), key.str());
    const auto* found =
        std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
    if (found == keys.end()) return complain_of_unknown_key(key.source(), name);
    if (const auto complaint = found->take(value, draft_))
      complain(key.source(), name + " " + *complaint);
  }

  void complain_of_unknown_key(const toml::source_region& where, const std::string& name) {
    complain(where, fmt::format(R"(unknown key {}: did you mean "{}"?)", json_quote(name),
                                nearest_key(name, [](const Key& k) { return k.name; })));
  }

  /// The tables come in the order of the alphabet, not of the file.
  void complain(const toml::source_region& where, std::string complaint) {
    if (complaint_ && where.begin.line >= line_) return;
    complaint_ = std::move(complaint);
    line_ = where.begin.line;
  }

  const std::string& file_;
  Draft draft_;
  Complaint complaint_;
  toml::source_index line_ = 0;
};

Settings finished(Draft draft) {
  auto settings = std::move(draft.settings);
  settings.pulse = std::move(draft.source);
  choose_edge(settings.pulse, draft.edge);
  if (draft.shm_unit)
    settings.sink = ShmSink{*draft.shm_unit};
  else
    settings.sink = SockSink{std::move(draft.socket)};
  return settings;
}

std::string one_line(std::string_view text) {
  std::string line{text};
  std::replace_if(
      line.begin(), line.end(),
      [](char c) {
        return !is_plain({&c, 1});
      },
      ' ');
  return line;
}

}  // namespace

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
  try {
    auto draft = Reader{file}.read(toml::parse(text, file));
    if (!draft) return tl::unexpected(draft.error());
    return finished(std::move(*draft));
  } catch (const toml::parse_error& error) {
    return fail(
        fmt::format("{}:{}: {}", file, error.source().begin.line, one_line(error.description())));
  }
}

}  // namespace ntsbox::driver
