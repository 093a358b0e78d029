// What chronyd makes of its sources (chronyc -c prints one a line, its fields apart by commas).

#include <fmt/format.h>

#include <algorithm>

#include "base/chronyc.h"
#include "contract/constants.h"
#include "provision/core/checks.h"

namespace ntsbox::provision {
namespace {

using chronyc::Source;

void judge_refclock(const std::vector<Source>& sources, Findings& findings) {
  const auto gps = std::find_if(sources.begin(), sources.end(), [](const Source& source) {
    return source.mode == '#' && source.name == contract::refid;
  });
  if (gps == sources.end())
    findings.push_back(
        {"refclock", Verdict::failed, "chronyd has no refclock GPS", "ntsbox-provision apply"});
  else if (gps->reach == 0)
    findings.push_back({"refclock", Verdict::failed,
                        "chronyd gets no samples from the refclock GPS (reach 0)",
                        "see what ntsboxd says of pulse and samples"});
  else if (gps->state == 'x')
    findings.push_back({"refclock", Verdict::failed,
                        "chronyd holds the refclock GPS for false: the other sources contradict it",
                        "chronyc sources: which of them is wrong? Off by a part of a second, it is "
                        "the wrong edge ([pulse] edge)"});
  else if (gps->state == '*' || gps->state == '+')
    findings.push_back({"refclock", Verdict::ok, "chronyd follows the refclock GPS", ""});
  else
    findings.push_back({"refclock", Verdict::warning,
                        fmt::format("chronyd does not select the refclock GPS ({})", gps->state),
                        "it needs some minutes after a start; chronyc selectdata says why not"});
}

void judge_upstreams(const std::vector<Source>& sources, Findings& findings) {
  std::size_t all = 0;
  std::size_t good = 0;
  for (const auto& source : sources) {
    if (source.mode == '#') continue;
    ++all;
    if (source.state == 'x')
      findings.push_back({"upstream", Verdict::warning,
                          source.name + " contradicts the others: a falseticker",
                          "name other ones: ntsbox-provision --upstream HOST"});
    else
      good += source.reach != 0 ? 1U : 0U;
  }
  if (all > 0 && good == 0)
    findings.push_back(
        {"upstream", Verdict::warning, "no upstream answers: nothing cross-checks the receiver",
         "is the network up, and are 4460/tcp and 123/udp open? Without a network: --airgap"});
  else if (all > 0)
    findings.push_back(
        {"upstream", Verdict::ok, fmt::format("{} of {} upstreams answer", good, all), ""});
}

void judge_authentication(std::string_view output, Findings& findings) {
  for (const auto& source : chronyc::authentications_in(output)) {
    // Cookies, and not the key's number, which stays after a loss.
    if (source.mode == "NTS" && source.cookies == 0)
      findings.push_back(
          {"authentication", Verdict::warning,
           source.name + ": the NTS handshake fails, there are no cookies",
           "journalctl -u chrony says why; systemctl restart chrony tries again at once"});
    if (source.mode == "-")
      findings.push_back({"authentication", Verdict::warning,
                          source.name + " is not authenticated, and so has no say",
                          "take it out of what you added, or ask it by NTS"});
  }
}

void judge_tracking(std::string_view output, Findings& findings) {
  const auto tracking = chronyc::tracking_in(output);
  if (!tracking) return;
  if (!tracking->synchronised)
    findings.push_back({"synchronised", Verdict::failed,
                        "chronyd is not synchronised: it serves no time",
                        "it needs a good source first: see refclock and upstream"});
  else
    findings.push_back(
        {"synchronised", Verdict::ok,
         fmt::format("stratum {}, from {}, root dispersion {} s", tracking->stratum, tracking->name,
                     format_decimal_seconds(tracking->root_dispersion)),
         ""});
}

}  // namespace

void check_sources(const Evidence& evidence, Findings& findings) {
  if (!evidence.sources || evidence.sources->status != 0) {
    findings.push_back({"chronyd", Verdict::failed, "chronyd does not answer",
                        "systemctl status chrony; journalctl -u chrony"});
    return;
  }
  const auto sources = chronyc::sources_in(evidence.sources->output);
  judge_refclock(sources, findings);
  judge_upstreams(sources, findings);
  if (evidence.authdata) judge_authentication(evidence.authdata->output, findings);
  if (evidence.tracking) judge_tracking(evidence.tracking->output, findings);
}

}  // namespace ntsbox::provision
