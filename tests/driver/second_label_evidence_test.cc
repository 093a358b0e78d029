// What single messages show about the counted second: whether their label jumped, is late, or is
// no evidence.

#include "tests/support/label_run.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

namespace {

/// A receiver whose messages all come `delay` after their second.
LabelRun proved_with(nanoseconds delay) {
  LabelRun run;
  REQUIRE(run.edges(20, delay) == Outcome::confirmed);
  return run;
}

/// The message for `time` that begins `delay` later. The edges until then come first.
Outcome message_for(LabelRun& run, UtcSecond time, nanoseconds delay) {
  while (run.truth + 1s <= time + delay) run.next_edge();
  const nanoseconds after = time + delay - run.truth;
  return run.label.message({{time, 0ns}, after, run.now + after, false, run.young});
}

}  // namespace

TEST_CASE("a label comes forward by a second when it gains 750 ms, not when it gains less",
          "[driver][second-label]") {
  const auto outcome = [](nanoseconds gained) {
    auto run = proved_with(940ms);
    const auto last = run.truth;
    REQUIRE(message_for(run, last, 1730ms) == Outcome::contradicted);  // a second back
    return message_for(run, last + 2s, 1730ms - gained);
  };
  CHECK(outcome(750ms) == Outcome::no_label);
  CHECK(outcome(750ms - 1ns) == Outcome::contradicted);
}

TEST_CASE("a label that jumped back and came forward again is no candidate any more",
          "[driver][second-label]") {
  auto run = proved_with(940ms);
  const auto last = run.truth;
  REQUIRE(message_for(run, last, 1730ms) == Outcome::contradicted);
  REQUIRE(message_for(run, last + 2s, 980ms) == Outcome::no_label);
  CHECK(message_for(run, last + 3s, 1730ms) == Outcome::no_label);
}

TEST_CASE("late messages that come forward do not excuse a label that jumps back after them",
          "[driver][second-label]") {
  auto run = proved();
  const auto last = run.truth;
  REQUIRE(message_for(run, last + 1s, 1800ms) == Outcome::no_label);
  REQUIRE(message_for(run, last + 3s, 1000ms) == Outcome::no_label);
  CHECK(message_for(run, last + 3s, 2000ms) == Outcome::contradicted);
}

TEST_CASE("a message near its edge is no evidence, also after the label jumped back",
          "[driver][second-label]") {
  auto run = proved_with(30ms);
  const auto last = run.truth;
  REQUIRE(message_for(run, last, 1540ms) == Outcome::contradicted);  // two seconds back
  SECTION("from 950 ms on it contradicts") {
    CHECK(message_for(run, last + 2s, 950ms) == Outcome::contradicted);
  }
  SECTION("until 20 ms after the edge it is no evidence") {
    REQUIRE(message_for(run, last + 2s, 960ms) == Outcome::contradicted);
    CHECK(message_for(run, last + 3s, 10ms) == Outcome::no_label);  // a second forward
  }
}

TEST_CASE("the fraction of a time belongs to how far the label advanced",
          "[driver][second-label]") {
  LabelRun run;
  for (int i = 0; i < 12; ++i) {
    run.next_edge();
    run.message(100ms, 0s, 600ms);
  }
  REQUIRE(run.label.second());
  run.next_edge(2);
  CHECK(run.label.message({{run.truth - 1s, 600ms}, 650ms, run.now + 650ms, false, true}) ==
        Outcome::no_label);
}

TEST_CASE("a date so far away that its distance in nanoseconds wraps around is another second",
          "[driver][second-label]") {
  // 2^64 ns are 18 446 744 073.7 s.
  auto run = proved();
  run.next_edge();
  CHECK(run.message_after(300ms, -18'446'744'074s) == Outcome::contradicted);
  CHECK(run.message_after(100ms, 18'446'744'073s) == Outcome::contradicted);
}

TEST_CASE("a restart of the edge filter counts as a new edge, over which labels must advance",
          "[driver][second-label]") {
  auto run = proved();
  const auto last = run.truth;
  run.restart(3s, 3s);
  CHECK(message_for(run, last, 3300ms) == Outcome::contradicted);
}

TEST_CASE("a late report that is repeated in its cycle contradicts nothing",
          "[driver][second-label]") {
  auto run = proved();
  const auto last = run.truth;
  CHECK(message_for(run, last + 1s, 1100ms) == Outcome::no_label);
  CHECK(message_for(run, last + 1s, 1700ms) == Outcome::no_label);
}

TEST_CASE("five seconds without messages are measured between the begins of their bursts",
          "[driver][second-label]") {
  const auto jumped = [](nanoseconds after) {
    auto run = proved();
    run.next_edge(5);
    return run.message_after(after, -3s) == Outcome::contradicted;
  };
  CHECK_FALSE(jumped(300ms));
  CHECK(jumped(300ms + 1ns));
}

TEST_CASE("the usual delay follows that of each message by a sixteenth", "[driver][second-label]") {
  // 300 ms, and then one message of 460 ms: the usual delay is 310 ms, and 100 ms more or less is
  // still usual.
  const auto jumped = [](nanoseconds after) {
    LabelRun run;
    run.edges(10);
    run.edges(1, 460ms);
    run.next_edge(6);
    return run.message_after(after, -3s) == Outcome::contradicted;
  };
  CHECK(jumped(410ms));
  CHECK_FALSE(jumped(410ms + 1ns));
  CHECK(jumped(210ms));
  CHECK_FALSE(jumped(210ms - 1ns));
}

TEST_CASE("the usual delay before a label is accepted is that of the candidate's first message",
          "[driver][second-label]") {
  LabelRun run;
  run.edges(5);
  run.next_edge(6);
  run.message_after(300ms, -3s);
  CHECK(run.label.assumed_second() == run.truth - 3s);
  SECTION("and a message that contradicts an accepted label does not change it") {
    auto other = proved();
    other.edges(1, 700ms, 16s);
    other.edges(1);
    other.next_edge(6);
    CHECK(other.message_after(300ms, -3s) == Outcome::contradicted);
  }
}

TEST_CASE("after a silence a delay of a second is a jump, a nanosecond less is not",
          "[driver][second-label]") {
  const auto outcome = [](nanoseconds after) {
    auto run = proved_with(50ms);
    run.next_edge(6);
    return run.message_after(after, -1s);
  };
  CHECK(outcome(0ns) == Outcome::contradicted);
  CHECK(outcome(-1ns) == Outcome::no_label);
}

TEST_CASE("a jump that the delay shows is as long as the delay grew", "[driver][second-label]") {
  auto run = proved_with(940ms);
  const auto last = run.truth;
  REQUIRE(message_for(run, last + 6s, 1840ms) == Outcome::contradicted);  // a second back
  CHECK(message_for(run, last + 8s, 1000ms) == Outcome::no_label);        // a second forward
}

TEST_CASE("a leap second is noticed by the delay when the first messages after it are missing",
          "[driver][second-label]") {
  const UtcSecond new_year{seconds{1'798'761'600}};
  LabelRun run;
  run.label = SecondLabel{LeapTable{new_year + 100h, {{new_year, -1s}}}};
  run.truth = new_year - 20s;
  run.label.restart(run.edge());
  run.edges(19);
  run.next_edge(3);  // less than five seconds without messages
  CHECK(until_proved(run, -1s) == 10);
}

TEST_CASE("a message that is no evidence takes nine from the count of a disputed label",
          "[driver][second-label]") {
  const auto needed = [](int before) {
    auto run = proved();
    run.edges(before, 300ms, 16s);
    REQUIRE(run.edges(1, 5ms) == Outcome::no_label);
    return until_proved(run, 16s);
  };
  CHECK(needed(30) == 39);
  CHECK(needed(10) == 59);
  CHECK(needed(9) == 60);
  CHECK(needed(3) == 60);
}

TEST_CASE("a contradiction that labels no edge drops the label that was disputed before",
          "[driver][second-label]") {
  auto run = proved();
  run.edges(30, 300ms, 16s);
  REQUIRE(run.edges(1, 5ms, 40s) == Outcome::contradicted);
  CHECK(until_proved(run, 16s) == 60);
}

TEST_CASE("only messages that label the candidate's edge are counted", "[driver][second-label]") {
  LabelRun run;
  run.edges(9);
  SECTION("not those near an edge") {
    run.edges(20, 5ms);
  }
  SECTION("not those whose burst cannot be placed") {
    for (int i = 0; i < 20; ++i) {
      run.next_edge();
      run.label.message({{run.truth, 0ns}, 300ms, run.now + 300ms, false, true, false});
    }
  }
  CHECK_FALSE(run.label.second());
  CHECK(run.edges(1) == Outcome::confirmed);
}

TEST_CASE("messages without evidence are counted from zero after each one with evidence",
          "[driver][second-label]") {
  LabelRun run;
  SECTION("after the first of a candidate") {
    run.edges(1);
  }
  SECTION("after another one of a candidate") {
    run.edges(1);
    run.edges(2, 5ms);
    run.edges(1);
  }
  SECTION("after one that confirms the counted second") {
    run.edges(20);
    run.edges(2, 5ms);
    run.edges(1);
  }
  SECTION("after one that contradicts it, which itself labels no edge") {
    run.edges(20);
    run.edges(2, 5ms);
    REQUIRE(run.edges(1, 5ms, 16s) == Outcome::contradicted);
    CHECK_FALSE(run.label.unlabelled_delay());
    run.edges(1, 5ms);
    CHECK_FALSE(run.label.unlabelled_delay());
    run.edges(1, 5ms);
    CHECK(run.label.unlabelled_delay() == 5ms);
    return;
  }
  run.edges(2, 5ms);
  CHECK_FALSE(run.label.unlabelled_delay());
  run.edges(1, 5ms);
  CHECK(run.label.unlabelled_delay() == 5ms);
}

TEST_CASE("the delay that is reported is that after the instant of the time, not after its second",
          "[driver][second-label]") {
  LabelRun run;
  for (int i = 0; i < 3; ++i) {
    run.next_edge();
    run.message(5ms, 0s, 400ms);
  }
  CHECK(run.label.unlabelled_delay() == 5ms);
}

TEST_CASE("messages of one second confirm it once", "[driver][second-label]") {
  auto run = proved();
  run.label.restart_count();
  run.next_edge();
  for (const auto part : {0ms, 200ms, 400ms, 600ms, 800ms})
    REQUIRE(run.message(100ms, 0s, part) == Outcome::confirmed);
  CHECK_FALSE(run.label.may_send());
  run.edges(3);
  CHECK_FALSE(run.label.may_send());
  run.edges(1);
  CHECK(run.label.may_send());
}

TEST_CASE("a proved label may be sent at once, also when its second was confirmed before",
          "[driver][second-label]") {
  auto run = proved();
  const auto confirmed = run.label.confirmed();
  run.edges(59, 300ms, -60s);
  REQUIRE_FALSE(run.label.may_send());
  REQUIRE(run.edges(1, 300ms, -60s) == Outcome::confirmed);
  CHECK(run.label.confirmed() == confirmed);
  CHECK(run.label.may_send());
}

TEST_CASE("more than eighteen messages that must still come are a dispute",
          "[driver][second-label]") {
  auto run = proved();
  const auto contradict = [&run] {
    REQUIRE(run.message(300ms, 16s) == Outcome::contradicted);
    REQUIRE(run.message() == Outcome::confirmed);  // of the same second
  };
  contradict();
  contradict();
  CHECK_FALSE(run.label.disputed());
  contradict();
  CHECK(run.label.disputed());
}
