#include "pps/core/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/json.h"

namespace ntsbox::pps {
namespace {

constexpr std::size_t bins = 15;
constexpr std::size_t longest_bar = 40;

JsonObject object() {
  return JsonObject{JsonStyle::spaced};
}

/// In one unit and exact to the nanosecond, so that columns can be compared.
std::string micro(double ns) {
  return fmt::format("{:.3f} us", ns * 1e-3);
}

std::string micro(nanoseconds value) {
  return micro(static_cast<double>(value.count()));
}

std::string summary_in_words(const Summary& summary) {
  const auto row = [](auto left, auto left_value, auto right, auto right_value) {
    return fmt::format("  {:<8}{:>18}    {:<8}{:>18}\n", left, micro(left_value), right,
                       micro(right_value));
  };
  return row("median", summary.median, "sd", summary.deviation) +
         row("least", summary.least, "most", summary.most) +
         row("1 %", summary.percent_1, "99 %", summary.percent_99);
}

std::string summary_in_json(const std::optional<Summary>& summary) {
  if (!summary) return "null";
  return object()
      .add("count", summary->count)
      .add("least", summary->least.count())
      .add("percent_1", summary->percent_1.count())
      .add("median", summary->median.count())
      .add("percent_99", summary->percent_99.count())
      .add("most", summary->most.count())
      .add_json("mean", fmt::format("{:.3f}", summary->mean))
      .add_json("sd", fmt::format("{:.3f}", summary->deviation))
      .text();
}

std::string plot(std::span<const nanoseconds> values) {
  const auto all = histogram(values, bins);
  std::size_t most = 1;
  for (const auto& bin : all) most = std::max(most, bin.count);
  std::string out;
  for (const auto& bin : all)
    out += fmt::format("  {:>18} |{:<{}} {}\n", micro(bin.from),
                       std::string((bin.count * longest_bar + most - 1) / most, '#'), longest_bar,
                       bin.count);
  return out;
}

std::string stability_in_words(const std::vector<Instability>& all) {
  std::string out = "Allan deviation\n";
  for (const auto& one : all)
    out += fmt::format("  {:>8} s  {:.2e}  ({} terms)\n", one.tau, one.allan_deviation, one.terms);
  return out;
}

std::string tally_in_words(char letter, const std::string& name, const Tally& tally) {
  return fmt::format("{}  {}: {} pulses, {} missing, {} extra\n", letter, name, tally.pulses,
                     tally.missing, tally.extra);
}

std::string tally_in_json(const std::string& name, const Tally& tally) {
  return object()
      .add("source", name)
      .add("pulses", tally.pulses)
      .add("missing", tally.missing)
      .add("extra", tally.extra)
      .text();
}

std::string generation_in_json(const GenerationReport& report) {
  return object()
      .add("output", report.output)
      .add("real_time", report.real_time)
      .add("pulses", report.pulses)
      .add("left_out", report.left_out)
      .add("withheld", report.withheld)
      .add_json("late_ns", summary_in_json(summary_of(report.late)))
      .add_json("took_ns", summary_in_json(summary_of(report.took)))
      .text();
}

std::string in_json(const Instability& one) {
  return object()
      .add("tau", one.tau)
      .add_json("deviation", fmt::format("{:.4e}", one.allan_deviation))
      .add("terms", one.terms)
      .text();
}

std::string in_json(const Bin& bin) {
  return object()
      .add("from_ns", bin.from.count())
      .add("to_ns", bin.to.count())
      .add("count", bin.count)
      .text();
}

template <class Range>
std::string list_of(const Range& range) {
  return json_array(
      range, [](const auto& element) { return in_json(element); }, JsonStyle::spaced);
}

/// The value of the setting, which has no negative latency.
std::int64_t setting(nanoseconds latency) {
  return std::max<std::int64_t>(0, latency.count());
}

std::string latency_in_words(const std::string& source, const LoopbackLatency& latency) {
  return fmt::format(
      "{}: {} pulses came back\n"
      "  latency {} (median), {} (5 %), {} (99 %)\n"
      "  uncertainty of the first two: {}\n",
      source, latency.returned, micro(latency.usual), micro(latency.earliest),
      micro(latency.percent_99), micro(latency.uncertainty));
}

std::string lines_to_paste(const LoopbackLatency& latency) {
  return fmt::format(
      "\n"
      "ntsboxd.toml, under [pulse]:\n"
      "latency_ns = {}    # with lateness = \"line\" or \"auto\": {}\n"
      "latency_uncertainty_ns = {}\n"
      "\n"
      "chrony.conf, at the end of \"refclock SOCK ...\":\n"
      "delay {:.1e}    # without latency_ns: {:.1e}\n",
      setting(latency.usual), setting(latency.earliest), latency.uncertainty.count(),
      chrony_delay(latency, true), chrony_delay(latency, false));
}

}  // namespace

std::string in_words(const ComparisonReport& report) {
  const auto& found = report.found;
  auto text = tally_in_words('A', report.a, found.a) + tally_in_words('B', report.b, found.b);
  if (found.silent > 0) text += fmt::format("{} seconds without a pulse of either\n", found.silent);
  const auto values = values_of(found.phases);
  const auto summary = summary_of(values);
  if (!summary) return text + "no two pulses came within half a second of each other\n";
  text += fmt::format("\nB - A, {} pairs (positive: B comes later)\n", summary->count) +
          summary_in_words(*summary) + "\n" + plot(values);
  const auto stability = allan_deviations(found.phases);
  return stability.empty() ? text : text + "\n" + stability_in_words(stability);
}

std::string in_json(const ComparisonReport& report) {
  const auto& found = report.found;
  const auto values = values_of(found.phases);
  return object()
             .add_json("a", tally_in_json(report.a, found.a))
             .add_json("b", tally_in_json(report.b, found.b))
             .add("silent", found.silent)
             .add_json("phase_ns", summary_in_json(summary_of(values)))
             .add_json("allan_deviation", list_of(allan_deviations(found.phases)))
             .add_json("histogram", list_of(histogram(values, bins)))
             .text() +
         "\n";
}

std::string in_words(const GenerationReport& report) {
  auto text = fmt::format("{}: {} pulses at {} priority", report.output, report.pulses,
                          report.real_time ? "real-time" : "ordinary");
  if (report.left_out > 0) text += fmt::format(", {} left out (too late)", report.left_out);
  if (report.withheld > 0)
    text += fmt::format(", {} withheld (the clock was not synchronised)", report.withheld);
  text += "\n";
  if (const auto late = summary_of(report.late))
    text += "delay from the second until the line was set\n" + summary_in_words(*late);
  if (const auto took = summary_of(report.took))
    text += "time to set the line\n" + summary_in_words(*took);
  return text;
}

std::string in_json(const GenerationReport& report) {
  return generation_in_json(report) + "\n";
}

std::string in_words(const LoopbackReport& report) {
  const auto text = in_words(report.made);
  if (!report.latency)
    return text + fmt::format("{}: fewer than {} pulses came back: is the wire in place?\n",
                              report.source, least_returned);
  const auto came_back = text + latency_in_words(report.source, *report.latency);
  return came_back +
         (is_plausible(*report.latency)
              ? lines_to_paste(*report.latency)
              : "\nno timestamp latency is as large: is it the other edge, or another pulse?\n");
}

std::string in_json(const LoopbackReport& report) {
  auto whole = object();
  whole.add_json("made", generation_in_json(report.made)).add("source", report.source);
  if (!report.latency) return whole.add_json("latency", "null").text() + "\n";
  const auto& latency = *report.latency;
  const auto in_exponents = [](double value) { return fmt::format("{:.3e}", value); };
  whole.add_json("latency",
                 object()
                     .add("echoes", latency.returned)
                     .add("usual_ns", latency.usual.count())
                     .add("earliest_ns", latency.earliest.count())
                     .add("percent_99_ns", latency.percent_99.count())
                     .add("uncertainty_ns", latency.uncertainty.count())
                     .add("plausible", is_plausible(latency))
                     .add_json("delay_s", in_exponents(chrony_delay(latency, true)))
                     .add_json("delay_uncorrected_s", in_exponents(chrony_delay(latency, false)))
                     .text());
  return whole.text() + "\n";
}

}  // namespace ntsbox::pps
