#include "diagnose/view.h"

#include <algorithm>
#include <array>

#include "base/time.h"
#include "contract/constants.h"
#include "diagnose/error_bound.h"

namespace ntsbox::diagnose {
namespace {

UtcSecond second_of(SystemTime time) {
  return UtcSecond{std::chrono::floor<seconds>(time.time_since_epoch())};
}

bool within(UtcSecond written, UtcSecond now, seconds longest) {
  return now - written <= longest && now - written >= -contract::latest_written;
}

void look_at_daemon(const Evidence& evidence, View& view) {
  if (evidence.status) view.daemon = parse_status(*evidence.status);
  if (!view.daemon) return;
  view.daemon_text = *evidence.status;
  view.daemon_is_fresh = is_fresh(*view.daemon, view.now);
  view.daemon_is_well = view.daemon_is_fresh && view.daemon->state == State::locked &&
                        view.daemon->takes_samples.value_or(false);
}

void look_at_collection(const Evidence& evidence, View& view) {
  const auto& collection = evidence.collection;
  if (!collection || !within(collection->written, view.now, contract::collection_stale)) return;
  view.collected = collection->written;
  view.selections = chronyc::selections_in(collection->selectdata);
  view.authentications = chronyc::authentications_in(collection->authdata);
  view.served = chronyc::served_in(collection->serverstats);
  view.clients = collection->clients;
  if (collection->certificate.empty()) return;
  if (auto summary = certs::inspect(collection->certificate))
    view.certificate = std::move(*summary);
  else
    view.certificate_trouble = summary.error().message;
}

Following whom(const View& view, std::string& name) {
  if (!view.tracking || !view.tracking->synchronised) return Following::nobody;
  const auto* refclock = refclock_of(view);
  const bool takes_receiver = refclock && is_followed(*refclock) && refclock->reach != 0;
  if (takes_receiver) return view.daemon_is_well ? Following::receiver : Following::holdover;
  const auto other =
      std::find_if(view.sources.begin(), view.sources.end(), [](const chronyc::Source& source) {
        return source.name != contract::refid && source.state == '*' && source.reach != 0;
      });
  if (other == view.sources.end()) return Following::holdover;
  name = other->name;
  return Following::upstream;
}

nanoseconds bound_of(const View& view) {
  if (view.following == Following::holdover) return holdover_bound(*view.tracking, view.unsteered);
  return followed_bound(*view.tracking);
}

}  // namespace

std::string_view name_of(Following following) {
  constexpr std::array<std::string_view, following_count> names{"nobody", "receiver", "upstream",
                                                                "holdover"};
  return names.at(static_cast<std::size_t>(following));
}

View look(const Evidence& evidence) {
  View view;
  view.now = second_of(evidence.now);
  view.chronyc_there = evidence.chronyc_there;
  look_at_daemon(evidence, view);
  if (evidence.tracking) view.tracking = chronyc::tracking_in(*evidence.tracking);
  if (evidence.sources) view.sources = chronyc::sources_in(*evidence.sources);
  view.following = whom(view, view.followed);
  if (view.following != Following::nobody) {
    view.unsteered = chronyc::unsteered(*view.tracking, evidence.now);
    view.bound = bound_of(view);
  }
  look_at_collection(evidence, view);
  if (evidence.leap_table) view.leap_table_end = end_of_leap_table(*evidence.leap_table);
  return view;
}

bool is_fresh(const DaemonStatus& daemon, UtcSecond now) {
  return daemon.written && within(*daemon.written, now, contract::status_stale);
}

const chronyc::Source* refclock_of(const View& view) {
  const auto found =
      std::find_if(view.sources.begin(), view.sources.end(), [](const chronyc::Source& source) {
        return source.mode == '#' && source.name == contract::refid;
      });
  return found == view.sources.end() ? nullptr : &*found;
}

bool is_followed(const chronyc::Source& source) {
  return source.state == '*' || source.state == '+';
}

bool is_upstream(const chronyc::Source& source) {
  return source.mode != '#';
}

}  // namespace ntsbox::diagnose
