#include <fmt/format.h>

#include <bit>
#include <map>
#include <set>

#include "base/release.h"
#include "status/core/render.h"

namespace ntsbox::status {
namespace {

using namespace diagnose;

/// A label's value may hold anything but these three as they are.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string in_seconds(nanoseconds time) {
  return format_decimal_seconds(time);
}

std::string ratio(std::int64_t ppb) {
  return format_decimal_seconds(nanoseconds{ppb});
}

std::string label(std::string_view name, std::string_view value) {
  return fmt::format("{}=\"{}\"", name, escaped(value));
}

class Metrics {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_ += fmt::format("# HELP ntsbox_{} {}\n# TYPE ntsbox_{} {}\n", name, help, name, type);
  }

  template <class Value>
  void value(const Value& value, const std::string& labels = {}, std::string_view suffix = {}) {
    out_ += fmt::format("ntsbox_{}{}{} {}\n", name_, suffix,
                        labels.empty() ? "" : "{" + labels + "}", value);
  }

  template <class Value>
  void gauge(std::string_view name, std::string_view help, const Value& the_value) {
    family(name, "gauge", help);
    value(the_value);
  }

  void counter(std::string_view name, std::string_view help, std::int64_t the_value) {
    family(name, "counter", help);
    value(the_value);
  }

  [[nodiscard]] std::string text() && { return std::move(out_); }

 private:
  std::string name_, out_;
};

void put_verdict(const View& view, const Health& health, Metrics& out) {
  out.family("build_info", "gauge", "The version that wrote this.");
  out.value(1, label("version", version()));
  out.gauge("written_timestamp_seconds", "When this was written.",
            view.now.time_since_epoch().count());
  out.gauge("verdict", "0 well, 1 degraded, 2 not serving good time, 3 unknown.",
            static_cast<int>(health.grade));
  std::map<std::string, int> remarks;
  for (const auto& remark : health.remarks)
    ++remarks[label("name", remark.name) + "," + label("grade", name_of(remark.grade))];
  out.family("remarks", "gauge", "What is not well, and how many times.");
  for (const auto& [labels, count] : remarks) out.value(count, labels);
}

void put_jitter(const std::vector<JitterBin>& bins, Metrics& out) {
  // The status file's names of the bins, in seconds.
  static const std::map<std::string_view, std::string_view> bounds{
      {"100ns", "1e-07"}, {"300ns", "3e-07"}, {"1us", "1e-06"},    {"3us", "3e-06"},
      {"10us", "1e-05"},  {"30us", "3e-05"},  {"100us", "0.0001"}, {"300us", "0.0003"},
      {"1ms", "0.001"},   {"more", "+Inf"}};
  out.family("pulse_jitter_seconds", "histogram",
             "How far a pulse lies from the middle between its neighbours (no sum is kept).");
  std::int64_t sum = 0;
  for (const auto& bin : bins) {
    sum += bin.total;
    if (const auto bound = bounds.find(bin.below); bound != bounds.end())
      out.value(sum, label("le", bound->second), "_bucket");
  }
  out.value(sum, "", "_count");
}

void put_daemon(const View& view, Metrics& out) {
  out.gauge("feed_up", "Whether ntsboxd runs and writes its status.", view.daemon_is_fresh ? 1 : 0);
  if (!view.daemon) return;
  const auto& daemon = *view.daemon;
  out.family("feed_state", "gauge", "The state of ntsboxd: 1 for the one that it is in.");
  for (std::size_t i = 0; i < state_count; ++i) {
    const auto state = static_cast<State>(i);
    out.value(daemon.state == state ? 1 : 0, label("state", name_of(state)));
  }
  out.counter("pulses_total", "Edges that were seen.", daemon.pulses);
  out.counter("samples_total", "Pulses that became samples for chronyd.", daemon.samples);
  out.counter("pulses_missed_total", "Edges that the kernel counted and nobody fetched.",
              daemon.missed);
  out.family("pulses_refused_total", "counter", "Pulses that were refused, by reason.");
  for (std::size_t i = 0; i < reason_count; ++i)
    if (const auto count = daemon.refused.at(i); count != 0)
      out.value(static_cast<std::int64_t>(count), label("reason", name_of(static_cast<Reason>(i))));
  if (!daemon.jitter.empty()) put_jitter(daemon.jitter, out);
  if (daemon.last_sample)
    out.gauge("last_sample_timestamp_seconds", "The second of the last sample.",
              daemon.last_sample->second.time_since_epoch().count());
  out.gauge("gpsd_connected", "Whether gpsd is reached.", daemon.gpsd_connected ? 1 : 0);
  out.gauge("pulse_source_open", "Whether the pulse source is open.",
            daemon.pulse_source_open ? 1 : 0);
  if (daemon.takes_samples)
    out.gauge("samples_taken", "Whether chronyd's socket takes the samples.",
              *daemon.takes_samples ? 1 : 0);
  out.gauge("receiver_fix_mode", "0 and 1 no fix, 2 a 2D one, 3 a 3D one.", daemon.fix_mode);
  out.gauge("receiver_satellites_used", "Satellites that the fix is made of.", daemon.satellites);
}

void put_chronyd(const View& view, Metrics& out) {
  out.gauge("chrony_up", "Whether chronyd answers.", view.tracking ? 1 : 0);
  if (!view.tracking) return;
  const auto& tracking = *view.tracking;
  out.gauge("chrony_synchronised", "Whether chronyd is synchronised.",
            tracking.synchronised ? 1 : 0);
  out.gauge("chrony_stratum", "Of this machine.", tracking.stratum);
  out.gauge("chrony_reference_timestamp_seconds", "When the clock was last steered.",
            in_seconds(tracking.reference.time_since_epoch()));
  out.gauge("chrony_correction_seconds", "Still to be made; positive when the clock is slow.",
            in_seconds(tracking.correction));
  out.gauge("chrony_last_offset_seconds", "Of the last update.", in_seconds(tracking.last_offset));
  out.gauge("chrony_rms_offset_seconds", "A long-term average.", in_seconds(tracking.rms_offset));
  out.gauge("chrony_frequency_ratio", "Frequency error of the clock: 1e-06 is 1 ppm fast.",
            ratio(tracking.frequency));
  out.gauge("chrony_skew_ratio", "How sure of the frequency.", ratio(tracking.skew));
  out.gauge("chrony_root_delay_seconds", "Of the way to the reference.",
            in_seconds(tracking.root_delay));
  out.gauge("chrony_root_dispersion_seconds", "The part of the error that clients are given.",
            in_seconds(tracking.root_dispersion));
  out.family("following", "gauge", "Whose time it is: 1 for the one.");
  for (std::size_t i = 0; i < following_count; ++i) {
    const auto following = static_cast<Following>(i);
    out.value(view.following == following ? 1 : 0, label("source", name_of(following)));
  }
  if (view.following == Following::nobody) return;
  out.gauge("error_bound_seconds", "The clock is off by no more.", in_seconds(view.bound));
  out.gauge("holdover_seconds", "For how long the clock has run free.",
            view.following == Following::holdover ? view.unsteered.count() : 0);
}

/// A family over the sources; of two with one name the first, for a series may stand there once.
template <class Value>
void each_source(const View& view, Metrics& out, std::string_view name, std::string_view help,
                 Value value) {
  out.family(name, "gauge", help);
  std::set<std::string> written;
  for (const auto& source : view.sources) {
    const auto labels = label("source", source.name) + "," +
                        label("kind", source.mode == '#' ? "refclock" : "network");
    if (written.insert(labels).second) out.value(value(source), labels);
  }
}

void put_sources(const View& view, Metrics& out) {
  if (view.sources.empty()) return;
  using chronyc::Source;
  each_source(view, out, "chrony_source_followed", "Whether chronyd follows it.",
              [](const Source& source) { return is_followed(source) ? 1 : 0; });
  each_source(view, out, "chrony_source_false", "Whether chronyd rejects it as a falseticker.",
              [](const Source& source) { return source.state == 'x' ? 1 : 0; });
  each_source(view, out, "chrony_source_reach_ratio", "Of the last eight polls.",
              [](const Source& source) {
                return std::popcount(static_cast<unsigned>(source.reach)) / 8.0;
              });
  each_source(view, out, "chrony_source_offset_seconds",
              "This clock against it; positive when this clock is ahead.",
              [](const Source& source) { return in_seconds(source.offset); });
  each_source(view, out, "chrony_source_margin_seconds", "Of that offset.",
              [](const Source& source) { return in_seconds(source.margin); });
}

void put_collection(const View& view, Metrics& out) {
  out.gauge("collection_up",
            "Whether the collection of what chronyd answers to root alone is recent.",
            view.collected ? 1 : 0);
  if (view.served) {
    out.counter("ntp_packets_received_total", "Requests of NTP clients.", view.served->packets);
    out.counter("ntp_packets_dropped_total", "Requests that went unanswered.",
                view.served->dropped);
    out.counter("ntp_packets_authenticated_total", "Requests by NTS or a key.",
                view.served->authenticated);
    out.counter("nts_handshakes_total", "NTS-KE connections.", view.served->handshakes);
    out.counter("nts_handshakes_dropped_total", "NTS-KE connections that were refused.",
                view.served->handshakes_dropped);
    if (view.clients)
      out.gauge("clients", "Addresses that asked within the last hour.", *view.clients);
  }
  if (view.certificate) {
    const auto& until = view.certificate->not_after;
    out.gauge("certificate_expiry_timestamp_seconds", "When the certificate ends.",
              until.time_since_epoch().count());
    out.gauge("certificate_remaining_seconds", "For how long it is good.",
              (until - view.now).count());
  }
  if (view.leap_table_end)
    out.gauge("leap_seconds_expiry_timestamp_seconds", "When the table of leap seconds ends.",
              view.leap_table_end->time_since_epoch().count());
}

}  // namespace

std::string in_metrics(const View& view, const Health& health) {
  Metrics out;
  put_verdict(view, health, out);
  put_daemon(view, out);
  put_chronyd(view, out);
  put_sources(view, out);
  put_collection(view, out);
  return std::move(out).text();
}

}  // namespace ntsbox::status
