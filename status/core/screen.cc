#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/quantity.h"
#include "base/text.h"
#include "status/core/render.h"

namespace ntsbox::status {
namespace {

using namespace diagnose;

constexpr std::size_t width = 79;
constexpr std::size_t label_width = 12;
constexpr std::size_t bar_height = 3;
constexpr std::size_t bin_width = 6;
constexpr std::size_t most_sources = 8;

class Page {
 public:
  explicit Page(bool colour) : colour_(colour) {}

  /// Words, wrapped, behind a label that stands on the first of the lines.
  void row(std::string_view label, const std::string& text, std::string_view colour = {}) {
    std::string line;
    for (const auto& word : words_of(printable(text))) {
      if (!line.empty() && label_width + line.size() + 1 + word.size() > width) {
        put(label, line, colour);
        label = {};
        line.clear();
      }
      line += (line.empty() ? "" : " ") + word;
    }
    put(label, line, colour);
  }

  /// A line as it is, cut at the margin.
  void line(std::string_view label, const std::string& text) {
    auto cut = printable(text).substr(0, width - label_width);
    cut.erase(cut.find_last_not_of(' ') + 1);
    put(label, cut, {});
  }

  void gap() { out_ += "\n"; }

  [[nodiscard]] std::string text() && { return std::move(out_); }

 private:
  void put(std::string_view label, const std::string& text, std::string_view colour) {
    if (colour_ && !colour.empty())
      out_ += fmt::format("\x1b[{}m{:<{}}{}\x1b[0m\n", colour, label, label_width, text);
    else
      out_ += fmt::format("{:<{}}{}\n", label, label_width, text);
  }

  bool colour_;
  std::string out_;
};

struct Heading {
  const char* word;
  const char* colour;
};

Heading heading_of(Grade grade) {
  switch (grade) {
    case Grade::well:
      return {"GOOD", "1;32"};
    case Grade::degraded:
      return {"DEGRADED", "1;33"};
    case Grade::bad:
      return {"NOT GOOD", "1;31"};
    case Grade::unknown:
      break;
  }
  return {"UNKNOWN", "1;35"};
}

void put_verdict(const Health& health, Page& page) {
  const auto heading = heading_of(health.grade);
  page.row(heading.word, health.verdict, heading.colour);
  if (!health.hint.empty()) page.row("  cure", health.hint);
  for (std::size_t i = 1; i < health.remarks.size(); ++i) {
    const auto& remark = health.remarks[i];
    page.row("also", remark.what);
    if (remark.hint != health.hint) page.row("  cure", remark.hint);
  }
}

std::string count_of(const Refusals& refused) {
  std::vector<std::pair<std::uint64_t, std::string_view>> sorted;
  for (std::size_t i = 0; i < refused.size(); ++i)
    if (refused.at(i) > 0) sorted.emplace_back(refused.at(i), name_of(static_cast<Reason>(i)));
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string text;
  for (const auto& [count, reason] : sorted)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, reason);
  return text.empty() ? "none" : text;
}

void put_jitter(const std::vector<JitterBin>& bins, Page& page) {
  std::int64_t all = 0;
  std::int64_t highest = 1;
  for (const auto& bin : bins) {
    all += bin.recent;
    highest = std::max(highest, bin.recent);
  }
  if (all == 0) return;
  for (auto level = static_cast<std::int64_t>(bar_height); level > 0; --level) {
    std::string bars;
    for (const auto& bin : bins) {
      const bool reached =
          bin.recent * static_cast<std::int64_t>(bar_height) > highest * (level - 1);
      bars += fmt::format("{:>{}}", reached ? "####" : "", bin_width);
    }
    page.line(level == static_cast<std::int64_t>(bar_height) ? "jitter" : "", bars);
  }
  std::string names;
  for (const auto& bin : bins) names += fmt::format("{:>{}}", bin.below, bin_width);
  page.line("  below", names);
  page.line("", fmt::format("of the last {} pulses, each against its neighbours", all));
}

void put_daemon(const View& view, Page& page) {
  const auto& daemon = view.daemon;
  if (!daemon) return page.row("ntsboxd", "has no status file: it does not run");
  page.row("ntsboxd", fmt::format("{} since {}{}", name_of(daemon->state),
                                  daemon->since ? date_of(*daemon->since) : "an unknown time",
                                  view.daemon_is_fresh ? "" : ", out of date"));
  static constexpr std::string_view fixes[] = {"no fix", "no fix", "2D fix", "3D fix"};
  const auto mode = static_cast<std::size_t>(std::clamp<std::int64_t>(daemon->fix_mode, 0, 3));
  page.row(
      "receiver",
      fmt::format("{}; {}, {} satellites{}", daemon->device.empty() ? "no device" : daemon->device,
                  fixes[mode], daemon->satellites, daemon->gpsd_connected ? "" : "; no gpsd"));
  page.row("pulses", fmt::format("{} from {}, {} missed; {} samples", daemon->pulses,
                                 daemon->pulse_source, daemon->missed, daemon->samples));
  page.row("refused", count_of(daemon->refused));
  put_jitter(daemon->jitter, page);
}

std::string following_of(const View& view) {
  switch (view.following) {
    case Following::receiver:
      return "follows the receiver";
    case Following::upstream:
      return "follows " + view.followed;
    case Following::nobody:
    case Following::holdover:
      break;
  }
  return fmt::format("holdover for {}", span_of(view.unsteered));
}

void put_chronyd(const View& view, Page& page) {
  if (!view.tracking) return page.row("chronyd", "does not answer");
  const auto& tracking = *view.tracking;
  const auto skew = static_cast<double>(tracking.skew) / 1000;
  const auto frequency = static_cast<double>(std::abs(tracking.frequency)) / 1000;
  if (view.following == Following::nobody) return page.row("chronyd", "not synchronised");
  page.row("chronyd", fmt::format("stratum {}, {}, error within {}", tracking.stratum,
                                  following_of(view), at_most(view.bound)));
  page.row("", fmt::format("to correct {}; frequency {:.3f} ppm {}, +-{:.3f}",
                           signed_size_of(tracking.correction), frequency,
                           tracking.frequency < 0 ? "slow" : "fast", skew));
}

std::string authentication_of(const View& view, const chronyc::Source& source) {
  for (const auto& entry : view.authentications)
    if (entry.name == source.name) return entry.mode == "-" ? "none" : entry.mode;
  return "";
}

void put_sources(const View& view, Page& page) {
  if (view.sources.empty()) return;
  page.line("sources", fmt::format("{:<32} {:>5} {:>4} {:>9}   {:<9}", "  name", "reach", "auth",
                                   "ahead by", "  within"));
  for (std::size_t i = 0; i < std::min(view.sources.size(), most_sources); ++i) {
    const auto& source = view.sources[i];
    const auto measured = source.age.has_value();
    page.line("", fmt::format("{} {:<30.30} {:>5o} {:>4} {:>9}   {:<9}", source.state,
                              printable(source.name), source.reach, authentication_of(view, source),
                              measured ? signed_size_of(source.offset) : "-",
                              measured ? "+-" + size_of(source.margin) : ""));
  }
  if (view.sources.size() > most_sources)
    page.line("", fmt::format("and {} more: chronyc sources", view.sources.size() - most_sources));
}

void put_served(const View& view, Page& page) {
  if (!view.collected)
    return page.row("served", "not collected lately (systemctl enable --now ntsbox-status.timer)");
  if (!view.served) return;
  page.row("served", fmt::format("packets {} ({} by NTS, {} dropped); handshakes {}; recent "
                                 "clients {}",
                                 view.served->packets, view.served->authenticated,
                                 view.served->dropped, view.served->handshakes,
                                 view.clients ? std::to_string(*view.clients) : "unknown"));
}

void put_keeping(const View& view, Page& page) {
  std::string text = "certificate ";
  if (view.certificate)
    text += fmt::format("until {:.10}", format_iso_utc(view.certificate->not_after));
  else
    text += view.certificate_missing ? "missing" : view.collected ? "unknown" : "not collected";
  if (view.leap_table_end)
    text += fmt::format("; leap seconds until {:.10}", format_iso_utc(*view.leap_table_end));
  page.row("good until", text);
}

}  // namespace

std::string in_screen(const View& view, const Health& health, const std::string& host,
                      bool colour) {
  Page page{colour};
  page.line("", fmt::format("{:<40.40}{:>27}", host, date_of(view.now) + " UTC"));
  put_verdict(health, page);
  page.gap();
  put_daemon(view, page);
  put_chronyd(view, page);
  put_sources(view, page);
  put_served(view, page);
  put_keeping(view, page);
  return std::move(page).text();
}

}  // namespace ntsbox::status
