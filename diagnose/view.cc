#include "diagnose/view.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "contract/constants.h"

namespace ntsbox::diagnose {
namespace {

// Frequencies in ppb: 1 ppb of 1 s is 1 ns.
constexpr std::int64_t unseen = 500;  // a change of temperature that the last estimate has missed
constexpr std::int64_t slope = 5;     // per second: what a heater, a fan or the CPU's load can do
constexpr std::int64_t range = 5000;  // all that the temperature of a room can do
constexpr std::int64_t until_range = range / slope;  // s
// Past this nobody asks for nanoseconds, and no product below overflows.
constexpr std::int64_t longest_elapsed = 366LL * 86'400;
constexpr std::int64_t worst_skew = 1'000'000;
// What the last measurements may have been off by, in their root mean squares.
constexpr int noise = 4;

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
  view.certificate_missing = collection->certificate == "";
  if (!collection->certificate || view.certificate_missing) return;
  if (auto summary = certs::inspect(*collection->certificate))
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

std::string to_json(const Collection& collection) {
  return JsonObject{JsonStyle::lines}
             .add("written", collection.written)
             .add("selectdata", collection.selectdata)
             .add("authdata", collection.authdata)
             .add("serverstats", collection.serverstats)
             .add("clients", collection.clients)
             .add("certificate", collection.certificate)
             .text() +
         "\n";
}

std::optional<Collection> parse_collection(std::string_view text) {
  Collection collection;
  bool dated = false;
  const auto take_text = [&](std::string_view key, std::string_view value) {
    if (key == "selectdata") collection.selectdata = value;
    if (key == "authdata") collection.authdata = value;
    if (key == "serverstats") collection.serverstats = value;
    if (key == "certificate") collection.certificate = value;
    if (key != "written") return;
    const auto written = parse_iso_utc(value);
    dated = written.has_value();
    if (written) collection.written = written->second;
  };
  JsonParser parser{{std::size_t{1} << 20, 4}};
  const bool object = parser.parse(text, [&](std::string_view key, const JsonValue& value) {
    if (const auto* words = std::get_if<std::string_view>(&value)) take_text(key, *words);
    if (const auto* number = std::get_if<std::int64_t>(&value); number && key == "clients")
      if (*number >= 0) collection.clients = *number;
  });
  return object && dated ? std::optional{collection} : std::nullopt;
}

nanoseconds followed_bound(const chronyc::Tracking& tracking) {
  return abs(tracking.root_delay) / 2 + abs(tracking.root_dispersion) + abs(tracking.correction);
}

nanoseconds oscillator_bound(std::int64_t skew, nanoseconds elapsed) {
  const auto whole = std::chrono::ceil<seconds>(std::max(elapsed, 0ns)).count();
  const auto t = std::min(whole, longest_elapsed);
  const auto ramp = std::min(t, until_range);
  const auto steady = 2 * std::clamp<std::int64_t>(skew, 0, worst_skew) + unseen;
  return nanoseconds{steady * t + slope * ramp * ramp / 2 + range * (t - ramp)};
}

nanoseconds holdover_bound(const chronyc::Tracking& tracking, nanoseconds elapsed) {
  return followed_bound(tracking) + noise * abs(tracking.rms_offset) +
         oscillator_bound(tracking.skew, elapsed);
}

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
