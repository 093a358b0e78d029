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
  // The receiver stamps .949 s: its message is for that instant, and comes 0.2 s after it.
  LabelRun run;
  for (int i = 0; i < 12; ++i) {
    run.next_edge();
    run.message(200ms, 0s, 949ms);
  }
  REQUIRE(run.label.second());
  // For the instant truth + 0.949 s, sent 1.149 s after the edge: the edge that is 0.149 s old by
  // then is truth + 1 s's, and the one that was seen is one earlier.
  CHECK(*run.label.second() == run.truth);
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
  const auto beats = late / 1s;
  for (int i = 0; i < beats; ++i) run.next_edge();
  const UtcInstant told{run.truth - seconds{beats}, 0ns};
  CHECK(run.label.message(told, late - beats * 1s, run.now + 100ms, false) == Outcome::no_label);
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

TEST_CASE("against a proved second sixty messages are needed", "[driver][second-label]") {
  LabelRun run;
  run.edges(20);
  run.edges(59, 300ms, 3s);
  CHECK(run.label.second() == run.truth);
  CHECK(run.label.disputed());
  run.edges(1, 300ms, 3s);
  CHECK(run.label.second() == run.truth + 3s);
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

TEST_CASE("after a jump of the pulse's phase ten minutes are needed, or one if the machine slept",
          "[driver][second-label]") {
  const bool slept = GENERATE(false, true);
  LabelRun run;
  run.edges(20);
  if (slept) run.label.on_clock_step();
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
}

TEST_CASE("after a gap that elapsed time explains, ten are enough, otherwise sixty",
          "[driver][second-label]") {
  const bool explained = GENERATE(true, false);
  LabelRun run;
  run.edges(20);
  run.now += 400s;
  run.truth += explained ? 400s : 405s;
  run.label.restart(run.edge());
  run.edges(10);
  CHECK(run.label.second().has_value() == explained);
  run.edges(50);
  CHECK(run.label.second() == run.truth);
}

TEST_CASE("a second is counted without a message for an hour at most", "[driver][second-label]") {
  LabelRun run;
  run.edges(10);
  for (int i = 0; i < 3600; ++i) run.next_edge();
  CHECK(run.label.second() == run.truth);
  run.next_edge();
  CHECK_FALSE(run.label.second());
}

TEST_CASE("messages all over the second must agree twice as long", "[driver][second-label]") {
  LabelRun run;
  int count = 0;
  do run.next_edge();
  while (++count < 100 && run.message(100ms + (count % 5) * 100ms) == Outcome::no_label);
  CHECK(count == SecondLabel::careful_messages);
}

TEST_CASE("a receiver with two labels proves neither", "[driver][second-label]") {
  // Two of three messages are true, and earlier; the others cannot be late ones.
  LabelRun run;
  for (int i = 0; i < 300; ++i) {
    run.next_edge();
    REQUIRE(run.message(300ms, i % 3 == 0 ? 1s : 0s) == Outcome::no_label);
  }
}

TEST_CASE("a receiver that becomes slower than a second does not turn the label back",
          "[driver][second-label]") {
  LabelRun run;
  run.edges(20, 500ms);
  for (int i = 0; i < 40; ++i) {
    run.next_edge();
    run.message(500ms + i * 10ms);
  }
  for (int i = 0; i < 1000; ++i) {
    run.next_edge();
    run.message(100ms, -1s);  // 1.1 s after the pulse that it describes
  }
  CHECK(run.label.second() == run.truth);
  CHECK(run.label.disputed());
}

TEST_CASE("a jump back by whole seconds is no slowness", "[driver][second-label]") {
  LabelRun run;
  run.edges(20);
  run.edges(60, 300ms, -2s);
  CHECK(run.label.second() == run.truth - 2s);
}

TEST_CASE("a message that came after the next edge labels nothing, unless the second is proved",
          "[driver][second-label]") {
  LabelRun run;
  const auto overtaken = [&run] {
    run.next_edge();
    return run.label.message({run.truth - 1s, 0ns}, -100ms, run.now + 5ms, false);
  };
  for (int i = 0; i < 30; ++i) REQUIRE(overtaken() == Outcome::no_label);
  CHECK(run.label.ambiguous());
  CHECK_FALSE(run.label.assumed_second());
  run.edges(10);
  CHECK(overtaken() == Outcome::confirmed);
  CHECK(run.label.confirmed() == run.truth - 1s);
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
  CHECK(run.label.message({UtcSecond{seconds{when}}, 0ns}, 300ms, run.now, false) ==
        Outcome::contradicted);
}

TEST_CASE("edges an age apart overflow nothing", "[driver][second-label]") {
  LabelRun run;
  run.edges(10);
  const auto when = GENERATE(-nanoseconds::max(), nanoseconds::max() - 1s);
  const Edge far_away{MonotonicTime{when}, RawTime{when}};
  run.label.restart(far_away, GENERATE(-500us, 500us));
  CHECK(run.label.message({run.truth, 0ns}, 300ms, run.now, false) == Outcome::no_label);
}
