#pragma once
// The checks of a server's time: one set, with one set of limits, for `ntsbox-provision doctor` and
// `verify`, for `ntsbox-status` and for the metrics. Each is a function of what is seen.

#include <string>

#include "diagnose/finding.h"
#include "diagnose/view.h"

namespace ntsbox::diagnose {

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
