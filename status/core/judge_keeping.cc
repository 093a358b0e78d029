// What runs out one day.

#include <fmt/format.h>

#include "contract/constants.h"
#include "status/core/judge.h"
#include "status/core/words.h"

namespace ntsbox::status {
namespace {

constexpr char renew[] = "ntsbox-provision renew makes its successor; docs/guide/service.md";

void judge_certificate(const View& view, const certs::Summary& certificate, Remarks& remarks) {
  const auto until = format_iso_utc(certificate.not_after);
  if (certificate.not_after < view.now)
    remarks.push_back(
        {Grade::bad, "certificate", "the certificate has expired, on " + until, renew});
  else if (certificate.not_before > view.now)
    remarks.push_back(
        {Grade::bad, "certificate",
         "the certificate begins on " + format_iso_utc(certificate.not_before) +
             " only: is the clock right?",
         "date; when the clock is right: ntsbox-provision renew, and renew --switch"});
  else if (certificate.not_after < view.now + contract::certificate_warning)
    remarks.push_back({Grade::degraded, "certificate",
                       fmt::format("the certificate expires in {}, on {}",
                                   span_of(certificate.not_after - view.now), until),
                       renew});
}

}  // namespace

void judge_keeping(const View& view, Remarks& remarks) {
  if (view.certificate) judge_certificate(view, *view.certificate, remarks);
  if (!view.certificate_trouble.empty())
    remarks.push_back({Grade::bad, "certificate",
                       "the certificate cannot be read: " + view.certificate_trouble,
                       "ntsbox-provision doctor"});
  if (view.leap_table_end && *view.leap_table_end < view.now)
    remarks.push_back({Grade::degraded, "leap-seconds",
                       "the table of leap seconds was good until " +
                           format_iso_utc(*view.leap_table_end) + " only",
                       "apt-get install --only-upgrade tzdata"});
}

}  // namespace ntsbox::status
