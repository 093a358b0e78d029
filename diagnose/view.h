#pragma once
// What the evidence shows, read and put together, before any check.

#include <optional>
#include <string>
#include <vector>

#include "base/chronyc.h"
#include "certs/inspect.h"
#include "contract/status_file.h"
#include "diagnose/evidence.h"

namespace ntsbox::diagnose {

/// Whose time chronyd serves.
enum class Following {
  nobody,    // chronyd has never been synchronised, or has given up
  receiver,  // through ntsboxd
  upstream,  // another source
  holdover,  // chronyd serves on from what it knew
};

/// "nobody", "receiver", "upstream", "holdover".
[[nodiscard]] std::string_view name_of(Following following);
inline constexpr std::size_t following_count = 4;

struct View {
  UtcSecond now{};
  bool chronyc_there = true;
  std::optional<DaemonStatus> daemon;
  bool daemon_is_fresh = false;               // its status was written within the last seconds
  bool daemon_is_well = false;                // fresh, locked, and its samples are taken
  std::string daemon_text;                    // the status file itself
  std::optional<chronyc::Tracking> tracking;  // empty: chronyd does not answer
  std::vector<chronyc::Source> sources;

  Following following = Following::nobody;
  std::string followed;  // the name of the source, of an upstream
  seconds unsteered{};   // since chronyd's last update
  nanoseconds bound{};   // maximum error of the clock; of no meaning while nobody is followed

  // Of the collection, for as long as it is fresh.
  std::optional<UtcSecond> collected;
  std::vector<chronyc::Selection> selections;
  std::vector<chronyc::Authentication> authentications;
  std::optional<chronyc::Served> served;
  std::int64_t clients = 0;
  std::optional<certs::Summary> certificate;
  std::string certificate_trouble;

  std::optional<UtcSecond> leap_table_end;
};

[[nodiscard]] View look(const Evidence& evidence);

/// Whether ntsboxd's status file was written within the last seconds: not before, when it has
/// stopped, and not later than now, when the clock was stepped.
[[nodiscard]] bool is_fresh(const DaemonStatus& daemon, UtcSecond now);

/// chronyd's source that ntsboxd sends samples to; nullptr when it has none.
[[nodiscard]] const chronyc::Source* refclock_of(const View& view);

[[nodiscard]] bool is_followed(const chronyc::Source& source);
[[nodiscard]] bool is_upstream(const chronyc::Source& source);

}  // namespace ntsbox::diagnose
