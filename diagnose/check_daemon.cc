// The way of the time from the receiver through gpsd and ntsboxd to its samples.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/quantity.h"
#include "contract/constants.h"
#include "diagnose/checks.h"

namespace ntsbox::diagnose {
namespace {

constexpr char look_at_daemon[] = "systemctl status ntsboxd; journalctl -u ntsboxd";
// Its end is for kernels that lose the edges of a GPIO (raspberrypi/linux#5430).
constexpr char look_at_wire[] =
    "is the PPS wire on the right pin (--pps-gpio), and does the receiver send pulses? Many do so "
    "only with a fix. Where sudo pinctrl poll N (N: the GPIO) shows them at the pin, the kernel "
    "loses them: update it (uname -r)";

// Of the last pulses: when more than a tenth of them is farther off than 100 us, chronyd's median
// filter does not remove them.
constexpr std::string_view unsteady[] = {"300us", "1ms", "more"};
constexpr std::int64_t enough_pulses = 100;

/// What a broken link means for the time: bad when chronyd follows nothing else.
Grade grade_of_link(const View& view) {
  return view.tracking && view.following == Following::nobody ? Grade::bad : Grade::degraded;
}

/// Why ntsboxd has no fix from gpsd, where the reason is another than a receiver without one.
Reason reason_for_no_fix(const DaemonStatus& daemon) {
  constexpr Reason others[] = {Reason::no_fix_report, Reason::unknown_fix, Reason::simulated_fix};
  const auto* const other = std::find(std::begin(others), std::end(others), daemon.reason);
  return other == std::end(others) ? Reason::no_fix : *other;
}

std::string hint_of(const DaemonStatus& daemon) {
  if (!daemon.pulse_trouble.empty() || (!daemon.pulse_source_open && !daemon.reason))
    return "is the pulse source there, and ntsboxd allowed to read it? journalctl -u ntsboxd";
  if (daemon.reason && !hint_for(*daemon.reason).empty())
    return std::string{hint_for(*daemon.reason)};
  if (daemon.pulses_come == false) return look_at_wire;
  return look_at_daemon;
}

/// ntsboxd's headline, without the words that each of them has.
std::string headline_of(const DaemonStatus& daemon) {
  constexpr std::string_view no_samples = "no samples: ";
  const auto at = daemon.summary.rfind(no_samples);
  return fmt::format(
      "{}: {}", name_of(daemon.state),
      at == std::string::npos ? daemon.summary : daemon.summary.substr(at + no_samples.size()));
}

/// The links of the way, one finding each. While ntsboxd sends no samples its own reason is the
/// remark, and the links that failed explain it.
class DaemonCheck {
 public:
  explicit DaemonCheck(const View& view)
      : view_(view),
        daemon_(*view.daemon),
        grade_(grade_of_link(view)),
        link_grade_(daemon_.state == State::locked ? grade_ : Grade::well) {}

  [[nodiscard]] Findings findings() && {
    ok("ntsboxd", "ntsboxd " + daemon_.version + " runs");
    check_receiver();
    check_pulse();
    check_samples();
    check_jitter();
    return std::move(findings_);
  }

 private:
  void ok(const char* name, std::string what) {
    findings_.push_back({name, Severity::ok, std::move(what), ""});
  }

  void link_failed(const char* name, std::string what, std::string hint) {
    findings_.push_back({name, Severity::failed, std::move(what), std::move(hint), link_grade_});
  }

  void check_receiver() {
    if (!daemon_.gpsd_connected)
      return link_failed(
          "gpsd",
          daemon_.gpsd_trouble.empty() ? "ntsboxd does not reach gpsd" : daemon_.gpsd_trouble,
          std::string{hint_for(Reason::no_gpsd)});
    if (daemon_.device.empty() || daemon_.reason == Reason::no_receiver)
      return link_failed("receiver", "gpsd gets nothing from a receiver",
                         std::string{hint_for(Reason::no_receiver)});
    ok("receiver", "gpsd has " + daemon_.device);
    if (daemon_.fix_mode < 2) {
      const auto reason = reason_for_no_fix(daemon_);
      return link_failed(
          "fix",
          std::string{reason == Reason::no_fix ? "the receiver has no fix" : words_for(reason)},
          std::string{hint_for(reason)});
    }
    ok("fix", fmt::format("{}D fix of {} satellites", daemon_.fix_mode, daemon_.satellites));
  }

  void check_pulse() {
    if (!daemon_.pulse_trouble.empty() || !daemon_.pulse_source_open)
      return link_failed(
          "pulse",
          daemon_.pulse_trouble.empty() ? "the pulse source is not open" : daemon_.pulse_trouble,
          look_at_daemon);
    if (!daemon_.pulses_come.value_or(daemon_.state == State::locked))
      return link_failed("pulse", "no pulses arrive", look_at_wire);
    ok("pulse", fmt::format("{} pulses so far", daemon_.pulses));
  }

  void check_samples() {
    if (daemon_.state != State::locked) {
      const auto severity =
          daemon_.state == State::acquiring ? Severity::warning : Severity::failed;
      findings_.push_back(
          {"samples", severity, headline_of(daemon_), hint_of(daemon_), grade_,
           daemon_.reason ? std::string{name_of(*daemon_.reason)} : std::string{"pulse"}});
    } else if (!daemon_.takes_samples) {
      findings_.push_back({"samples", Severity::warning, "ntsboxd has sent no sample yet",
                           "wait a second", grade_});
    } else if (!*daemon_.takes_samples) {
      // Without a refclock chronyd has no socket: the missing refclock is the cause then.
      const bool has_cause = view_.tracking && !refclock_of(view_);
      findings_.push_back(
          {"samples", Severity::failed,
           daemon_.sink_trouble.empty() ? "chronyd does not take the samples"
                                        : daemon_.sink_trouble,
           fmt::format("does {} belong to ntsboxd's chronyd? systemctl restart chrony",
                       contract::socket_path),
           has_cause ? Grade::well : grade_});
    } else {
      ok("samples", fmt::format("{} samples so far, {} of {} pulses refused", daemon_.samples,
                                daemon_.pulses - daemon_.samples, daemon_.pulses));
    }
  }

  void check_jitter() {
    std::int64_t all = 0;
    std::int64_t far = 0;
    for (const auto& bin : daemon_.jitter) {
      all += bin.recent;
      for (const auto name : unsteady) far += bin.below == name ? bin.recent : 0;
    }
    if (all >= enough_pulses && far * 10 > all)
      findings_.push_back(
          {"jitter", Severity::warning,
           fmt::format("{} of the last {} pulses are off by 100 us and more", far, all),
           "is the wire noisy, or the machine overloaded? ntsbox-provision --tune",
           Grade::degraded});
  }

  const View& view_;
  const DaemonStatus& daemon_;
  Grade grade_;
  Grade link_grade_;
  Findings findings_;
};

}  // namespace

Findings check_daemon(const View& view) {
  if (!view.daemon)
    return {{"ntsboxd", Severity::failed, "ntsboxd does not run: it has no readable status file",
             look_at_daemon, grade_of_link(view)}};
  if (!view.daemon_is_fresh)
    return {{"ntsboxd", Severity::failed,
             "ntsboxd's status file is of " +
                 (view.daemon->written ? date_of(*view.daemon->written) : "an unknown time") +
                 ": ntsboxd hangs or has stopped, or the clock was stepped",
             "systemctl restart ntsboxd, unless the status is new within ten seconds",
             grade_of_link(view)}};
  return DaemonCheck{view}.findings();
}

}  // namespace ntsbox::diagnose
