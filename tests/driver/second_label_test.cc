// Which second did the last accepted edge mark?

#include "tests/support/label_run.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("ten messages in a row prove a second, nine do not", "[driver][second-label]") {
  LabelRun run;
  CHECK(run.edges(9) == Outcome::no_label);
  CHECK_FALSE(run.label.second());
  CHECK(run.label.assumed_second() == run.truth);
  CHECK(run.edges(1) == Outcome::confirmed);
  CHECK(run.label.second() == run.truth);
  CHECK(run.label.may_send());
}

TEST_CASE("twenty are needed while the clock is hours off", "[driver][second-label]") {
  LabelRun run;
  for (int i = 0; i < 19; ++i) {
    run.next_edge();
    REQUIRE(run.message(300ms, 0s, 0ns, true) == Outcome::no_label);
  }
  run.next_edge();
  CHECK(run.message(300ms, 0s, 0ns, true) == Outcome::confirmed);
}

TEST_CASE("a message near an edge labels nothing", "[driver][second-label]") {
  const auto delay = GENERATE(0ms, 10ms, 20ms, 950ms, 980ms, 1010ms);
  LabelRun run;
  CHECK(run.edges(30, delay) == Outcome::no_label);
  CHECK_FALSE(run.label.second());
}

TEST_CASE("inside the band every delay labels the edge before", "[driver][second-label]") {
  const auto delay = GENERATE(21ms, 100ms, 500ms, 501ms, 949ms);
  LabelRun run;
  CHECK(run.edges(10, delay) == Outcome::confirmed);
  CHECK(run.label.second() == run.truth);
}

TEST_CASE("a fix's fraction belongs to its label", "[driver][second-label]") {
  // The receiver stamps .949 s, and its message comes 0.2 s after that instant: 1.149 s after the
  // edge that was seen, 0.149 s after the next one.
  LabelRun run;
  for (int i = 0; i < 12; ++i) {
    run.next_edge();
    run.message(200ms, 0s, 949ms);
  }
  REQUIRE(run.label.second());
  CHECK(*run.label.second() == run.truth);
}

TEST_CASE("a time a little below its second is of that second", "[driver][second-label]") {
  LabelRun run;
  const auto below = GENERATE(1ns, 420ns, 999us);
  for (int i = 0; i < 12; ++i) {
    run.next_edge();
    run.label.message({{run.truth - 1s, 1s - below}, 80ms, run.now + 80ms, false, true});
  }
  CHECK(run.label.second() == run.truth);
  CHECK(run.label.confirmed() == run.truth);
}

TEST_CASE("a receiver of 5 Hz is counted once a second", "[driver][second-label]") {
  LabelRun run;
  for (int i = 0; i < 9; ++i) {
    run.next_edge();
    for (const auto part : {0ms, 200ms, 400ms, 600ms, 800ms})
      run.label.message({{run.truth, part}, part + 100ms, run.now + part + 100ms, false, true});
  }
  CHECK_FALSE(run.label.second());
  run.edges(1, 100ms);
  CHECK(run.label.second() == run.truth);
}

TEST_CASE("edges count the second over gaps", "[driver][second-label]") {
  LabelRun run;
  run.edges(10);
  run.next_edge(7);
  CHECK(run.label.second() == run.truth);
  CHECK(run.message() == Outcome::confirmed);
}

TEST_CASE("a message that comes late labels nothing, and contradicts nothing",
          "[driver][second-label]") {
  LabelRun run;
  run.edges(10);
  run.next_edge();
  const auto late = GENERATE(1100ms, 2300ms, 14'000ms);
  // It is for an earlier edge, and comes after later ones.
  const auto behind = late / 1s;
  for (int i = 0; i < behind; ++i) run.next_edge();
  const UtcInstant time{run.truth - seconds{behind}, 0ns};
  CHECK(run.label.message({time, late - behind * 1s, run.now + 100ms, false, true}) ==
        Outcome::no_label);
  CHECK(run.label.second() == run.truth);
}

TEST_CASE("a message for a future second contradicts at once, and one that is far behind too",
          "[driver][second-label]") {
  const auto label = GENERATE(1s, 2s, 3600s, -16s, -619'315'200s, 619'315'200s);
  LabelRun run;
  run.edges(10);
  run.next_edge();
  CHECK(run.message(300ms, label) == Outcome::contradicted);
  CHECK_FALSE(run.label.may_send());
}

TEST_CASE("messages that grow late change no second, however late they become and however long",
          "[driver][second-label]") {
  const auto step = GENERATE(10ms, 50ms, 100ms, 333ms, 700ms);
  const auto top = GENERATE(1050ms, 1300ms, 1650ms, 3700ms, 14'900ms);
  const bool young = GENERATE(true, false);
  LabelRun run;
  run.edges(20, 150ms);
  run.young = young;
  const auto first = run.truth;
  for (int i = 1; i < 1500; ++i) {
    // The message for each second, later by a step until the top is reached.
    const auto delay = std::min<nanoseconds>(150ms + i * step, top);
    const auto arrives = seconds{i} + delay;
    while (run.truth - first + 1s <= arrives) run.next_edge();
    const auto after = arrives - (run.truth - first);
    run.label.message({{first + seconds{i}, 0ns}, after, run.now + after, false, young});
    REQUIRE(run.label.second() == run.truth);
  }
  CHECK(run.label.unlabelled_delay() == top);
}

TEST_CASE("a garbled label among messages that stay late changes no second",
          "[driver][second-label]") {
  const auto garbled = GENERATE(5s, 2s, 3600s, -1s, -7s);
  const int one_in = GENERATE(1000, 50, 2);
  auto run = proved();
  run.young = GENERATE(true, false);
  run.next_edge(3);
  CAPTURE(garbled.count(), one_in, run.young);
  for (int i = 0; i < 1500; ++i) {
    CAPTURE(i);
    run.next_edge();
    run.message_after(300ms, i % one_in == one_in - 1 ? garbled - 1s : -1s);
    REQUIRE(run.label.second() == run.truth);
  }
}

TEST_CASE("a step of the delay by a whole second changes no second", "[driver][second-label]") {
  const auto step = GENERATE(1, 2, 3);
  auto run = grown(proved());
  run.next_edge(step);  // no message comes meanwhile
  for (int i = 0; i < 1200; ++i) {
    run.next_edge();
    run.message_after(300ms, -seconds{step});
  }
  CHECK(run.label.second() == run.truth);
}

TEST_CASE(
    "a jump of the label proves another second after a minute, or ten minutes on an old "
    "receiver",
    "[driver][second-label]") {
  const auto by = GENERATE(1s, 2s, 16s, 3600s, seconds{24h} + 1s, -1s, -3s, -3600s);
  CHECK(until_proved(proved(), by) == 60);
  CHECK(until_proved(grown(proved()), by) == 600);
  SECTION("whatever its delay is then") {
    CHECK(until_proved(proved(), by, 700ms) == 60);
  }
}

TEST_CASE("a return to the counted second ends the dispute at once", "[driver][second-label]") {
  const auto by = GENERATE(1s, -1s);
  auto run = proved();
  run.edges(59, 300ms, by);
  CHECK(run.label.disputed());
  CHECK(run.edges(1) == Outcome::confirmed);
  CHECK_FALSE(run.label.disputed());
  CHECK(run.edges(8) == Outcome::confirmed);
  CHECK(run.label.may_send());
  CHECK(until_proved(run, by) == 60);
}

TEST_CASE("one second apart over a month's midnight, ten are enough", "[driver][second-label]") {
  LabelRun run;
  run.truth = UtcSecond{seconds{1'798'761'600 - 15}};  // 15 s before 2027
  run.edges(10);
  const auto before = run.truth;
  run.edges(20, 300ms, -1s);  // a leap second came
  CHECK(run.label.second() == run.truth - 1s);
  CHECK(run.truth - before == 20s);
}

TEST_CASE("a valid leap table decides which month end has a leap second",
          "[driver][second-label]") {
  const UtcSecond new_year{seconds{1'798'761'600}};
  const auto needed = [&](LeapTable leaps, seconds by) {
    LabelRun run;
    run.label = SecondLabel{std::move(leaps)};
    run.truth = new_year - 35s;
    run.label.restart(run.edge());
    run.edges(20);
    return until_proved(run, by);
  };
  const LeapTable without{new_year + 100h, {}};
  const LeapTable inserted{new_year + 100h, {{new_year, -1s}}};
  const LeapTable expired{new_year - 1s, {}};
  CHECK(needed(without, -1s) == 60);
  CHECK(needed(inserted, -1s) < 20);
  CHECK(needed(inserted, 1s) == 60);
  CHECK(needed(expired, -1s) < 20);
  CHECK(needed(expired, 1s) < 20);
}

TEST_CASE("after a jump of the pulse's phase ten minutes are needed, or one if the machine slept",
          "[driver][second-label]") {
  const bool slept = GENERATE(false, true);
  LabelRun run;
  run.edges(20);
  if (slept) {
    run.label.on_clock_step(5s - 100ms);
    run.truth += 5s;
  }
  run.now += 100ms;
  run.label.restart(run.edge());
  CHECK(run.label.disputed());
  CHECK(run.edges(slept ? 59 : 599) == Outcome::no_label);
  CHECK(run.edges(1) == Outcome::confirmed);
}

TEST_CASE("a phase that comes back to where it was is no jump", "[driver][second-label]") {
  LabelRun run;
  run.edges(20);
  run.now += 100ms;
  run.label.restart(run.edge());
  run.edges(20);
  run.now += 900ms;
  run.truth += 1s;
  run.label.restart(run.edge());
  CHECK_FALSE(run.label.disputed());
  CHECK(run.edges(10) == Outcome::confirmed);
  CHECK(run.label.may_send());
}

TEST_CASE("over a gap of the edges the elapsed time counts on, and ten messages confirm it",
          "[driver][second-label]") {
  LabelRun run;
  run.edges(20);
  run.restart(400s, 400s);
  CHECK(run.label.second() == run.truth);
  run.edges(9);
  CHECK_FALSE(run.label.may_send());
  run.edges(1);
  CHECK(run.label.may_send());
}

TEST_CASE("a second is counted for as long as no edge is lost", "[driver][second-label]") {
  auto run = grown(proved());
  for (int i = 0; i < 100'000; ++i) run.next_edge();
  CHECK(run.label.second() == run.truth);
  CHECK(run.message() == Outcome::confirmed);
  SECTION("and messages after hours of silence are worth no more than others") {
    for (int i = 0; i < 20'000; ++i) run.next_edge();
    CHECK(until_proved(run, GENERATE(-1s, 1s, 2s)) == 600);
  }
}

TEST_CASE("messages all over the second must agree twice as long", "[driver][second-label]") {
  LabelRun run;
  int count = 0;
  do run.next_edge();
  while (++count < 100 && run.message(100ms + (count % 5) * 100ms) == Outcome::no_label);
  CHECK(count == SecondLabel::careful_messages);
}

TEST_CASE("a receiver that contradicts itself in more than a tenth of its messages proves nothing",
          "[driver][second-label]") {
  const int one_in = GENERATE(2, 3, 5, 7);
  const auto by = GENERATE(1s, 7s, -1s, -14s);
  SECTION("from the start") {
    LabelRun run;
    for (int i = 0; i < 2000; ++i) {
      run.edges(1, 300ms, i % one_in == 0 ? by : 0s);
      REQUIRE_FALSE(run.label.second());
    }
  }
  SECTION("and nothing is sent once a label was accepted") {
    auto run = grown(proved());
    run.edges(30, 300ms, 0s);
    int sent = 0;
    for (int i = 0; i < 2000; ++i) {
      run.edges(1, 300ms, i % one_in == 0 ? by : 0s);
      if (i > 20 && run.label.may_send()) ++sent;
    }
    CHECK(sent == 0);
    CHECK(run.label.second() == run.truth);
  }
}

TEST_CASE("two labels in each cycle prove none", "[driver][second-label]") {
  const auto by = GENERATE(1s, -1s, 14s);
  LabelRun run;
  for (int i = 0; i < 2000; ++i) {
    run.next_edge();
    run.message_after(150ms);
    run.message_after(160ms, by);
    REQUIRE_FALSE(run.label.second());
  }
}

TEST_CASE("a message that came after the next edge labels nothing, unless the second is proved",
          "[driver][second-label]") {
  LabelRun run;
  const auto overtaken = [&run] {
    run.next_edge();
    return run.label.message({{run.truth - 1s, 0ns}, -100ms, run.now + 5ms, false, true});
  };
  for (int i = 0; i < 30; ++i) REQUIRE(overtaken() == Outcome::no_label);
  CHECK(run.label.unlabelled_delay());
  CHECK_FALSE(run.label.assumed_second());
  run.edges(10);
  CHECK(overtaken() == Outcome::confirmed);
  CHECK(run.label.confirmed() == run.truth - 1s);
}

TEST_CASE("a message whose burst cannot be placed labels nothing, unless the second is proved",
          "[driver][second-label]") {
  LabelRun run;
  const auto unplaced = [&run](seconds error = 0s) {
    run.next_edge();
    return run.label.message(
        {{run.truth + error, 0ns}, 100ms, run.now + 100ms, false, true, false});
  };
  for (int i = 0; i < 100; ++i) REQUIRE(unplaced() == Outcome::no_label);
  CHECK_FALSE(run.label.assumed_second());
  CHECK(run.label.unlabelled_delay() == 100ms);
  run.edges(10);
  CHECK(unplaced() == Outcome::confirmed);
  for (int i = 0; i < 100; ++i) unplaced(-1s);
  CHECK(run.label.second() == run.truth);
}

TEST_CASE("a failed check restarts the count of messages, and keeps the label",
          "[driver][second-label]") {
  LabelRun run;
  run.edges(10);
  run.label.restart_count();
  CHECK_FALSE(run.label.may_send());
  CHECK(run.edges(4) == Outcome::confirmed);
  CHECK_FALSE(run.label.may_send());
  run.edges(1);
  CHECK(run.label.may_send());
}

TEST_CASE("dates millennia apart overflow nothing", "[driver][second-label]") {
  LabelRun run;
  run.edges(10);
  const auto when = GENERATE(std::int64_t{-62'135'596'800}, std::int64_t{253'402'300'799},
                             std::numeric_limits<std::int64_t>::max() / 2);
  CHECK(run.label.message({{UtcSecond{seconds{when}}, 0ns}, 300ms, run.now, false, true}) ==
        Outcome::contradicted);
}

TEST_CASE("edges an age apart overflow nothing", "[driver][second-label]") {
  LabelRun run;
  run.edges(10);
  const auto when = GENERATE(-nanoseconds::max(), nanoseconds::max() - 1s);
  const Edge far_away{MonotonicTime{when}, RawTime{when}};
  run.label.restart(far_away, GENERATE(-500us, 500us));
  CHECK(run.label.message({{run.truth, 0ns}, 300ms, run.now, false, true}) == Outcome::no_label);
}
