#pragma once
// The checks of a server's time: one set, with one set of limits, for `ntsbox-provision doctor` and
// `verify`, for `ntsbox-status` and for the metrics. Each is a function of what is seen, and finds
// whether one thing is well and, when it is not, what to do about it.

#include <string>
#include <string_view>
#include <vector>

#include "diagnose/view.h"

namespace ntsbox::diagnose {

/// How well one thing is: `ntsbox-provision doctor` and `verify` report this.
enum class Severity { ok, warning, failed };

/// "ok", "warning", "failed".
[[nodiscard]] std::string_view name_of(Severity severity);

/// How good the time is that the server serves: `ntsbox-status` and the metrics report this. The
/// number is the exit status, as monitoring plugins have it.
enum class Grade { well = 0, degraded = 1, bad = 2, unknown = 3 };

/// "well", "degraded", "bad", "unknown".
[[nodiscard]] std::string_view name_of(Grade grade);

struct Finding {
  std::string name;  // kebab-case; scripts rely on it
  Severity severity = Severity::ok;
  std::string what;  // one line
  std::string hint;  // one line; empty when nothing is to be done
  /// What it means for the time that is served: a link that failed while chronyd follows something
  /// else leaves the time degraded and not bad. `well`: it is no remark of its own, because nothing
  /// is wrong or because another finding reports the cause.
  Grade grade = Grade::well;
  std::string remark{};  // its name as a remark on the time; empty: `name`

  friend bool operator==(const Finding&, const Finding&) = default;
};

using Findings = std::vector<Finding>;

/// The worst of them; ok when there is none.
[[nodiscard]] Severity worst(const Findings& findings);

/// Something that makes the time less than well.
struct Remark {
  Grade grade = Grade::degraded;
  std::string name;  // kebab-case; scripts rely on it
  std::string what;  // one line
  std::string hint;  // one line

  friend bool operator==(const Remark&, const Remark&) = default;
};

/// The remarks among findings, the gravest first.
[[nodiscard]] std::vector<Remark> remarks_of(const Findings& findings);

/// From the receiver to ntsboxd's samples: ntsboxd, gpsd or receiver, fix, pulse, samples, jitter.
[[nodiscard]] Findings check_daemon(const View& view);

/// What chronyd makes of the refclock and the upstreams, and whether they agree: refclock,
/// upstream, disagreement, authentication.
void check_sources(const View& view, Findings& findings);

/// All that is known of the time: chronyd, the daemon, what chronyd makes of its sources, and the
/// clock. `limit`: how far off the clock may be and still be good.
[[nodiscard]] Findings check_time(const View& view, nanoseconds limit);

/// The dates of the certificate that is served.
[[nodiscard]] Finding check_dates(const certs::Summary& certificate, UtcSecond now);

/// The table of leap seconds, which is good until `end`.
[[nodiscard]] Finding check_leap_table(UtcSecond end, UtcSecond now);

struct Health {
  Grade grade = Grade::well;
  std::string verdict;          // one line
  std::string hint;             // empty when all is well
  std::vector<Remark> remarks;  // the gravest first; that of the verdict is the first
};

/// Whether the time is good: check_time, the certificate and the leap seconds, as far as they are
/// known.
[[nodiscard]] Health health_of(const View& view, nanoseconds limit);

}  // namespace ntsbox::diagnose
