#include <fmt/format.h>

#include "base/json.h"
#include "base/release.h"
#include "status/core/report.h"

namespace ntsbox::status {
namespace {

class Object {
 public:
  void raw(std::string_view key, std::string_view value) {
    out_ += fmt::format("{}\"{}\": {}", out_.empty() ? "" : ", ", key, value);
  }

  void text(std::string_view key, std::string_view value) { raw(key, json_quote(value)); }

  void number(std::string_view key, std::int64_t value) { raw(key, fmt::to_string(value)); }

  void flag(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }

  void time(std::string_view key, std::optional<UtcSecond> value) {
    raw(key, value ? json_quote(format_iso_utc(*value)) : "null");
  }

  [[nodiscard]] std::string whole() const { return "{" + out_ + "}"; }

 private:
  std::string out_;
};

template <class Range, class Write>
std::string array_of(const Range& range, Write write) {
  std::string out;
  for (const auto& element : range) {
    Object object;
    write(element, object);
    out += (out.empty() ? "" : ", ") + object.whole();
  }
  return "[" + out + "]";
}

std::string_view name_of_following(Following following) {
  switch (following) {
    case Following::nobody:
      return "nobody";
    case Following::receiver:
      return "receiver";
    case Following::upstream:
      return "upstream";
    case Following::holdover:
      break;
  }
  return "holdover";
}

std::string chronyd_of(const View& view) {
  if (!view.tracking) return "null";
  const auto& tracking = *view.tracking;
  Object object;
  object.flag("synchronised", tracking.synchronised);
  object.number("stratum", tracking.stratum);
  object.text("following", name_of_following(view.following));
  object.text("followed", view.followed);
  object.number("unsteered_s", view.unsteered.count());
  object.number("bound_ns", view.bound.count());
  object.number("correction_ns", tracking.correction.count());
  object.number("last_offset_ns", tracking.last_offset.count());
  object.number("rms_offset_ns", tracking.rms_offset.count());
  object.number("frequency_ppb", tracking.frequency);
  object.number("skew_ppb", tracking.skew);
  object.number("root_delay_ns", tracking.root_delay.count());
  object.number("root_dispersion_ns", tracking.root_dispersion.count());
  return object.whole();
}

std::string sources_of(const View& view) {
  return array_of(view.sources, [](const chronyc::Source& source, Object& object) {
    object.text("name", source.name);
    object.text("kind", source.mode == '#' ? "refclock" : "network");
    object.text("state", std::string{source.state});
    object.number("stratum", source.stratum);
    object.number("reach", source.reach);
    object.raw("age_s", source.age ? fmt::to_string(source.age->count()) : "null");
    object.number("offset_ns", source.offset.count());
    object.number("margin_ns", source.margin.count());
  });
}

std::string served_of(const View& view) {
  if (!view.served) return "null";
  Object object;
  object.number("packets", view.served->packets);
  object.number("dropped", view.served->dropped);
  object.number("authenticated", view.served->authenticated);
  object.number("handshakes", view.served->handshakes);
  object.number("handshakes_dropped", view.served->handshakes_dropped);
  object.number("clients", view.clients);
  return object.whole();
}

}  // namespace

std::string in_json(const View& view, const Judgement& judgement) {
  Object object;
  object.text("version", version());
  object.time("time", view.now);
  object.text("grade", name_of(judgement.grade));
  object.number("status", static_cast<int>(judgement.grade));
  object.text("verdict", judgement.verdict);
  object.text("cure", judgement.cure);
  object.raw("remarks", array_of(judgement.remarks, [](const Remark& remark, Object& entry) {
               entry.text("name", remark.name);
               entry.text("grade", name_of(remark.grade));
               entry.text("what", remark.what);
               entry.text("cure", remark.cure);
             }));
  object.raw("chronyd", chronyd_of(view));
  object.raw("sources", sources_of(view));
  object.time("collected", view.collected);
  object.raw("served", served_of(view));
  object.time("certificate_until",
              view.certificate ? std::optional{view.certificate->not_after} : std::nullopt);
  object.time("leap_seconds_until", view.leap_table_end);
  object.flag("ntsboxd_is_fresh", view.feed_is_fresh);
  object.raw("ntsboxd", view.feed ? view.feed_text : "null");
  return object.whole() + "\n";
}

}  // namespace ntsbox::status
