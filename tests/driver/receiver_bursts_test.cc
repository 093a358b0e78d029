// Where a burst of the receiver begins, and what its sentences show where gpsd withholds TOFF.

#include "driver/core/receiver_watch.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

using Fix = SentenceReport::Fix;

MonotonicTime at(nanoseconds when) {
  return MonotonicTime{when};
}

/// So long after noon of 2026-11-22, or before it.
UtcInstant noon(nanoseconds later = 0ns) {
  const auto whole = std::chrono::floor<seconds>(later);
  return {UtcSecond{1'795'348'800s} + whole, later - whole};
}

FixReport fix(UtcInstant time, int mode = 3) {
  return {"", mode, 0, time};
}

void add_toff(ReceiverWatch& watch, nanoseconds stamp) {
  watch.on_time({"", noon(), SystemTime{}}, at(stamp), at(stamp));
}

/// Of a receiver that has such a cycle, before 9 s.
ReceiverWatch watch_of(nanoseconds cycle) {
  ReceiverWatch watch{""};
  watch.on_fix(fix(noon()), at(8s));
  watch.on_fix(fix(noon(cycle)), at(8s + cycle));
  return watch;
}

/// Where the burst begins, for sentences that come at 10 s and after each of these silences.
nanoseconds begin_of_burst(nanoseconds cycle, std::initializer_list<nanoseconds> silences) {
  auto watch = watch_of(cycle);
  auto now = 10s + 0ns;
  watch.on_sentence({}, at(now));
  for (const auto silence : silences) watch.on_sentence({}, at(now += silence));
  add_toff(watch, now);
  return watch.earliest_begin() - at(10s);
}

}  // namespace

TEST_CASE("a burst begins after a silence of more than 200 ms, or of half a shorter cycle",
          "[driver][receiver-watch]") {
  struct Row {
    nanoseconds cycle;
    nanoseconds longest;
  };

  const auto [cycle, longest] =
      GENERATE(Row{1s, 200ms}, Row{400ms, 200ms}, Row{200ms, 100ms}, Row{100ms, 50ms});
  CAPTURE(cycle, longest);
  CHECK(begin_of_burst(cycle, {longest}) == 0ns);
  CHECK(begin_of_burst(cycle, {longest + 1ns}) == longest + 1ns);
}

TEST_CASE("in one cycle a burst begins after the longest silence, by more than 50 ms",
          "[driver][receiver-watch]") {
  CHECK(begin_of_burst(1s, {300ms, 300ms}) == 300ms);
  CHECK(begin_of_burst(1s, {300ms, 350ms}) == 300ms);
  CHECK(begin_of_burst(1s, {300ms, 350ms + 1ns}) == 650ms + 1ns);
}

TEST_CASE("three quarters of a cycle after a burst's begin another one may begin",
          "[driver][receiver-watch]") {
  // The silence before the burst that begins at 850 ms is longer than the one within it.
  CHECK(begin_of_burst(1s, {850ms, 750ms}) == 850ms);
  CHECK(begin_of_burst(1s, {850ms, 750ms + 1ns}) == 1600ms + 1ns);
}

TEST_CASE("sentences show where a burst began for three seconds", "[driver][receiver-watch]") {
  const auto begin = [](nanoseconds later) {
    auto watch = watch_of(1s);
    watch.on_sentence({}, at(10s));
    add_toff(watch, 10s + later);
    return at(10s + later) - watch.earliest_begin();
  };
  CHECK(begin(3s) == 1s);
  CHECK(begin(3s + 1ns) == 0ns);
}

TEST_CASE("without sentences, a burst may begin with a report 150 ms after the last cycle",
          "[driver][receiver-watch]") {
  auto watch = watch_of(1s);
  SECTION("a report that comes sooner belongs to the burst before") {
    const bool later = GENERATE(false, true);
    const auto leads = 9s + 150ms + (later ? 1ns : 0ns);
    watch.on_sky({}, at(leads));
    add_toff(watch, 9s + 900ms);
    CHECK(watch.earliest_begin() == at(later ? leads : 9s + 900ms));
  }
  SECTION("the first such report counts") {
    watch.on_sky({}, at(9s + 300ms));
    watch.on_sky({}, at(9s + 600ms));
    add_toff(watch, 9s + 900ms);
    CHECK(watch.earliest_begin() == at(9s + 300ms));
  }
  SECTION("it is none when the burst's TOFF came already") {
    const auto stamp = GENERATE(as<nanoseconds>{}, 9s, 9s + 100ms);
    add_toff(watch, stamp);
    watch.on_sky({}, at(9s + 300ms));
    add_toff(watch, 9s + 900ms);
    CHECK(watch.earliest_begin() == at(9s + 900ms));
  }
  SECTION("it is one when the last TOFF is of the cycle that ended") {
    add_toff(watch, 9s - 1ns);
    watch.on_sky({}, at(9s + 300ms));
    add_toff(watch, 9s + 900ms);
    CHECK(watch.earliest_begin() == at(9s + 300ms));
  }
}

TEST_CASE("gpsd has withheld a TOFF when fixes of two cycles came since the last",
          "[driver][receiver-watch]") {
  const auto withheld = [](nanoseconds apart) {
    ReceiverWatch watch{""};
    watch.on_toff(at(9s));
    watch.on_fix(fix(noon()), at(10s));
    watch.on_fix(fix(noon(apart)), at(10s + apart));
    return watch.on_toff(at(11s));
  };
  CHECK_FALSE(withheld(500ms));
  CHECK(withheld(500ms + 1ns));
}

namespace {

/// Sentences of a receiver whose first fix was at 2 s, and of which gpsd withholds TOFF.
class Sentences {
 public:
  Sentences() { watch_.on_fix(fix(noon(-8s)), at(2s)); }

  Sentences& add(nanoseconds when, SentenceReport sentence) {
    watch_.on_sentence(sentence, at(when));
    return *this;
  }

  Sentences& add_rmc(nanoseconds when, nanoseconds after_noon) {
    return add(when, {Fix::valid, 12h + after_noon});
  }

  /// The begin of the burst whose time is that of a fix at 10.1 s.
  [[nodiscard]] std::optional<nanoseconds> begin(nanoseconds after_noon = 0ns) const {
    auto watch = watch_;
    watch.on_fix(fix(noon(after_noon)), at(10s + 100ms));
    const auto found = watch.time_without_toff(at(10s + 100ms));
    if (!found) return std::nullopt;
    CHECK(found->time == noon(after_noon));
    return found->begin.time_since_epoch();
  }

  ReceiverWatch& watch() { return watch_; }

 private:
  ReceiverWatch watch_{""};
};

}  // namespace

TEST_CASE("without TOFF the time of a fix is that of its burst's only RMC",
          "[driver][receiver-watch]") {
  CHECK(Sentences{}.begin() == std::nullopt);
  CHECK(Sentences{}.add_rmc(10s, 0ns).begin() == 10s);
  CHECK(Sentences{}.add_rmc(10s, 0ns).add(10s + 50ms, {}).begin() == 10s);
  SECTION("the same time twice is one") {
    CHECK(Sentences{}.add_rmc(10s, 0ns).add_rmc(10s + 50ms, 0ns).begin() == 10s);
  }
  SECTION("two times or three are of two bursts") {
    CHECK(Sentences{}.add_rmc(10s, -1s).add_rmc(10s + 50ms, 0ns).begin() == std::nullopt);
    CHECK(Sentences{}.add_rmc(10s, -2s).add_rmc(10s + 20ms, -1s).add_rmc(10s + 50ms, 0ns).begin() ==
          std::nullopt);
  }
  SECTION("a fraction of a second is a part of the time") {
    CHECK(Sentences{}.add_rmc(10s, 400ms).begin(400ms) == 10s);
    CHECK(Sentences{}.add_rmc(10s, 800ms).begin(400ms) == 10s);
    CHECK(Sentences{}.add_rmc(10s, 0ns).begin(800ms) == std::nullopt);
  }
  SECTION("only when the fix comes") {
    auto watch = Sentences{}.add_rmc(10s, 0ns).watch();
    watch.on_fix(fix(noon()), at(10s + 100ms));
    CHECK(watch.time_without_toff(at(10s + 100ms)));
    CHECK_FALSE(watch.time_without_toff(at(10s + 100ms + 1ns)));
  }
  SECTION("a TOFF is missing after one and a half seconds") {
    Sentences sentences;
    sentences.watch().on_toff(at(8s + 600ms));
    sentences.add_rmc(10s, 0ns);
    CHECK(sentences.begin() == std::nullopt);
    Sentences earlier;
    earlier.watch().on_toff(at(8s + 600ms - 1ns));
    earlier.add_rmc(10s, 0ns);
    CHECK(earlier.begin() == 10s);
  }
}

TEST_CASE("an RMC of the burst before shows no fix of this one", "[driver][receiver-watch]") {
  ReceiverWatch watch{""};
  watch.on_gpsd_line();
  watch.on_sentence({Fix::valid, 12h}, at(9s));
  watch.on_fix(fix(noon()), at(9s + 100ms));
  watch.on_sentence({}, at(10s));
  watch.on_fix(fix(noon(1s), 1), at(10s + 100ms));
  CHECK(watch.reason_against(at(10s + 600ms + 1ns), 2s) == Reason::no_fix);
}
