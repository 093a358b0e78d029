#pragma once
// The evidence: texts as other programs wrote them, which the programs gather in their io; and the
// view: what the evidence shows, read and put together, before any check.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chronyc.h"
#include "base/time.h"
#include "certs/inspect.h"
#include "contract/status_file.h"

namespace ntsbox::diagnose {

/// What chronyd answers to root alone, and the certificate that it serves. ntsbox-status.timer
/// keeps it in a file for everybody; who the clients are stays with root, only their number is
/// kept.
struct Collection {
  UtcSecond written{};                            // by the system clock
  std::string selectdata, authdata, serverstats;  // chronyc -c
  std::optional<std::int64_t> clients;            // empty: unknown
  std::optional<std::string> certificate;         // PEM, "" when there is none; empty: unknown

  friend bool operator==(const Collection&, const Collection&) = default;
};

[[nodiscard]] std::string to_json(const Collection& collection);

/// Empty for what is no such file.
[[nodiscard]] std::optional<Collection> parse_collection(std::string_view text);

struct Evidence {
  SystemTime now{};
  bool chronyc_there = true;            // it is installed
  std::optional<std::string> status;    // ntsboxd's status file
  std::optional<std::string> tracking;  // chronyc -c; empty: no answer
  std::optional<std::string> sources;
  std::optional<Collection> collection;
  std::optional<std::string> leap_table;
};

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
  std::optional<std::int64_t> clients;
  bool certificate_missing = false;
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

/// How far off the clock may be while nothing steers it (docs/monitoring/README.md says where the
/// figures come from): what an oscillator without compensation may gain in a room or lose within
/// `elapsed` after its frequency was known to `skew` (ppb, as chronyd reports it). Never less than
/// 0, and never falling.
[[nodiscard]] nanoseconds oscillator_bound(std::int64_t skew, nanoseconds elapsed);

/// The bound on the error of a clock that was last steered `elapsed` ago.
[[nodiscard]] nanoseconds holdover_bound(const chronyc::Tracking& tracking, nanoseconds elapsed);

/// chronyd's own bound on its error, with what it has yet to correct. It holds while a source is
/// followed: chronyd lets it grow by a constant, and knows of no temperature.
[[nodiscard]] nanoseconds followed_bound(const chronyc::Tracking& tracking);

}  // namespace ntsbox::diagnose
