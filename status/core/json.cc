#include "base/json.h"

#include "base/release.h"
#include "status/core/render.h"

namespace ntsbox::status {
namespace {

using namespace diagnose;

JsonObject object() {
  return JsonObject{JsonStyle::spaced};
}

std::string chronyd_of(const View& view) {
  if (!view.tracking) return "null";
  const auto& tracking = *view.tracking;
  return object()
      .add("synchronised", tracking.synchronised)
      .add("stratum", tracking.stratum)
      .add("following", name_of(view.following))
      .add("followed", view.followed)
      .add("unsteered_s", view.unsteered.count())
      .add("bound_ns", view.bound.count())
      .add("correction_ns", tracking.correction.count())
      .add("last_offset_ns", tracking.last_offset.count())
      .add("rms_offset_ns", tracking.rms_offset.count())
      .add("frequency_ppb", tracking.frequency)
      .add("skew_ppb", tracking.skew)
      .add("root_delay_ns", tracking.root_delay.count())
      .add("root_dispersion_ns", tracking.root_dispersion.count())
      .text();
}

std::string in_json(const chronyc::Source& source) {
  return object()
      .add("name", source.name)
      .add("kind", source.mode == '#' ? "refclock" : "network")
      .add("state", std::string{source.state})
      .add("stratum", source.stratum)
      .add("reach", source.reach)
      .add_json("age_s", source.age ? std::to_string(source.age->count()) : "null")
      .add("offset_ns", source.offset.count())
      .add("margin_ns", source.margin.count())
      .text();
}

std::string in_json(const Remark& remark) {
  return object()
      .add("name", remark.name)
      .add("grade", name_of(remark.grade))
      .add("what", remark.what)
      .add("cure", remark.hint)
      .text();
}

std::string served_of(const View& view) {
  if (!view.served) return "null";
  return object()
      .add("packets", view.served->packets)
      .add("dropped", view.served->dropped)
      .add("authenticated", view.served->authenticated)
      .add("handshakes", view.served->handshakes)
      .add("handshakes_dropped", view.served->handshakes_dropped)
      .add("clients", view.clients)
      .text();
}

template <class Range>
std::string list_of(const Range& range) {
  return json_array(
      range, [](const auto& element) { return in_json(element); }, JsonStyle::spaced);
}

}  // namespace

std::string in_json(const View& view, const Health& health) {
  const auto until = view.certificate ? std::optional{view.certificate->not_after} : std::nullopt;
  return object()
             .add("version", version())
             .add("time", view.now)
             .add("grade", name_of(health.grade))
             .add("status", static_cast<int>(health.grade))
             .add("verdict", health.verdict)
             .add("cure", health.hint)
             .add_json("remarks", list_of(health.remarks))
             .add_json("chronyd", chronyd_of(view))
             .add_json("sources", list_of(view.sources))
             .add("collected", view.collected)
             .add_json("served", served_of(view))
             .add("certificate_until", until)
             .add("leap_seconds_until", view.leap_table_end)
             .add("ntsboxd_is_fresh", view.daemon_is_fresh)
             .add_json("ntsboxd", view.daemon ? json_without_controls(view.daemon_text) : "null")
             .text() +
         "\n";
}

std::string served_line(const Collection& collection) {
  const auto served = chronyc::served_in(collection.serverstats);
  if (!served) return {};
  const std::array<std::optional<std::int64_t>, 4> counts{
      collection.clients, served->packets, served->authenticated, served->handshakes};
  return JsonObject{}
             .add("t", collection.written.time_since_epoch().count())
             .add_json("served", json_array(counts))
             .text() +
         "\n";
}

}  // namespace ntsbox::status
