// The limits of the second label, to the nanosecond and to the message.

#include "tests/support/label_run.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("the band in which a message labels its edge is 20 to 950 ms, both excluded",
          "[driver][second-label]") {
  const auto labels = [](nanoseconds after) {
    return LabelRun{}.edges(10, after) == Outcome::confirmed;
  };
  CHECK_FALSE(labels(20ms));
  CHECK(labels(20ms + 1ns));
  CHECK(labels(950ms - 1ns));
  CHECK_FALSE(labels(950ms));
}

TEST_CASE("a proved label is contradicted from 50 ms before its instant, and 15 s after it",
          "[driver][second-label]") {
  const auto run = proved();
  const auto outcome = [run](nanoseconds delay) {
    auto copy = run;
    // Fifteen seconds without a message, so that the labels advance.
    const auto behind = std::chrono::floor<seconds>(delay);
    copy.next_edge(16);
    return copy.label.message(
        {{copy.truth - behind, 0ns}, delay - behind, copy.now + delay - behind, false, true});
  };
  CHECK(outcome(-50ms) == Outcome::no_label);
  CHECK(outcome(-50ms - 1ns) == Outcome::contradicted);
  CHECK(outcome(14s + 800ms) == Outcome::no_label);
  CHECK(outcome(15s - 1ns) == Outcome::no_label);
  CHECK(outcome(15s) == Outcome::contradicted);
}

TEST_CASE("after five seconds without messages the delay shows whether a label jumped back",
          "[driver][second-label]") {
  const auto jumped = [](std::int64_t silence, nanoseconds after, seconds by) {
    auto run = proved();
    run.next_edge(silence);
    return run.message_after(after, by) == Outcome::contradicted;
  };
  CHECK(jumped(6, 300ms, -3s));
  CHECK(jumped(6, 400ms, -3s));
  CHECK_FALSE(jumped(6, 400ms + 1ns, -3s));
  CHECK(jumped(6, 200ms, -3s));
  CHECK_FALSE(jumped(6, 200ms - 1ns, -3s));
  CHECK_FALSE(jumped(5, 300ms, -3s));
}

TEST_CASE("each contradiction takes nine consistent messages, sixty at most",
          "[driver][second-label]") {
  const auto needed = [](int contradictions) {
    LabelRun run;
    for (int i = 0; i < contradictions; ++i) run.edges(1, 300ms, i % 2 == 0 ? -5s : 0s);
    run.next_edge();
    return until_proved(run, 0s);
  };
  CHECK(needed(0) == 10);
  CHECK(needed(1) == 20);
  CHECK(needed(3) == 27);
  CHECK(needed(5) == 45);
  CHECK(needed(7) == 60);
  CHECK(needed(101) == 60);
}

TEST_CASE("messages that contradict one after the other are one contradiction",
          "[driver][second-label]") {
  const auto until_sent = [](LabelRun run) {
    int count = 0;
    while (!run.label.may_send() && count < 1000) {
      run.edges(1);
      ++count;
    }
    return count;
  };
  auto run = grown(proved());
  run.edges(40, 300ms, 16s);
  CHECK(until_sent(run) == 9);
  run.edges(1);
  run.edges(40, 300ms, -16s);
  CHECK(until_sent(run) == 17);
  for (int i = 0; i < 30; ++i) {
    run.edges(1);
    run.edges(1, 300ms, 2s);
  }
  CHECK(until_sent(run) == 60);
}

TEST_CASE("delays 150 ms apart are steady, further apart they are not", "[driver][second-label]") {
  const auto needed = [](nanoseconds other, bool first) {
    LabelRun run;
    run.edges(1, first ? other : 300ms);
    run.edges(1, first ? 300ms : other);
    return 2 + until_proved(run, 0s);
  };
  for (const bool first : {false, true}) {
    CHECK(needed(450ms, first) == 10);
    CHECK(needed(450ms + 1ns, first) == 20);
    CHECK(needed(150ms, first) == 10);
    CHECK(needed(150ms - 1ns, first) == 20);
  }
}

TEST_CASE("ten messages that come within eight seconds prove nothing", "[driver][second-label]") {
  // Nine seconds are labelled within `passed` less a second, and the tenth after it.
  const auto proves = [](nanoseconds passed) {
    LabelRun run;
    for (int i = 0; i < 9; ++i) {
      run.next_edge();
      run.label.message({{run.truth, 0ns}, 300ms, run.now + 300ms, false, true});
    }
    // The first was received `passed` before the tenth.
    run.next_edge();
    return run.label.message(
               {{run.truth, 0ns}, 300ms, run.now - 9s + 300ms + passed, false, true}) ==
           Outcome::confirmed;
  };
  CHECK(proves(8s));
  CHECK_FALSE(proves(8s - 1ns));
}

TEST_CASE("a message that may have come after the next edge labels nothing",
          "[driver][second-label]") {
  // At 300 ms after its edge, it must arrive within 700 ms.
  const auto proves = [](nanoseconds held_up) {
    LabelRun run;
    for (int i = 0; i < 10; ++i) {
      run.next_edge();
      run.message_after(300ms, 0s, held_up);
    }
    return run.label.assumed_second().has_value();
  };
  CHECK(proves(700ms - 1ns));
  CHECK_FALSE(proves(700ms));
}

TEST_CASE("three messages that are no evidence are reported with their delay, until one is",
          "[driver][second-label]") {
  LabelRun run;
  run.edges(2, 5ms);
  CHECK_FALSE(run.label.unlabelled_delay());
  run.edges(1, 5ms);
  CHECK(run.label.unlabelled_delay() == 5ms);
  run.edges(1);
  CHECK_FALSE(run.label.unlabelled_delay());
  SECTION("or confirms the counted second") {
    run.edges(10);
    for (int i = 0; i < 5; ++i) {
      run.next_edge(2);
      run.message_after(200ms, -1s);
    }
    CHECK(run.label.unlabelled_delay() == 1200ms);
    run.edges(1);
    CHECK_FALSE(run.label.unlabelled_delay());
  }
}

TEST_CASE("three messages of another second are a dispute, two are not", "[driver][second-label]") {
  auto run = proved();
  run.edges(2, 300ms, 16s);
  CHECK_FALSE(run.label.disputed());
  run.edges(1, 300ms, 16s);
  CHECK(run.label.disputed());
  run.edges(1);
  CHECK_FALSE(run.label.disputed());
  SECTION("over a gap of the edges too") {
    run.restart(10s, 10s);
    run.edges(3);
    CHECK_FALSE(run.label.disputed());
    run.edges(3, 300ms, 16s);
    CHECK(run.label.disputed());
  }
  SECTION("without any accepted second there is none") {
    LabelRun fresh;
    fresh.edges(5);
    CHECK_FALSE(fresh.label.disputed());
  }
}

TEST_CASE("a failed check makes a nearly proved label start again", "[driver][second-label]") {
  LabelRun run;
  run.edges(9);
  run.label.restart_count();
  CHECK(run.label.assumed_second() == run.truth);
  CHECK(until_proved(run, 0s) == 10);
  SECTION("with delays of its own") {
    LabelRun moody;
    moody.edges(9, 700ms);
    moody.label.restart_count();
    CHECK(until_proved(moody, 0s) == 10);
  }
}

TEST_CASE("a restart of the edge filter drops the candidate", "[driver][second-label]") {
  LabelRun run;
  run.edges(9);
  run.restart(5s, 5s);
  CHECK_FALSE(run.label.assumed_second());
  CHECK(until_proved(run, 0s) == 10);
  SECTION("and begins where it says") {
    LabelRun fresh;
    fresh.message_after(300ms);
    CHECK(fresh.label.assumed_second() == fresh.truth);
  }
  SECTION("before any edge nothing is labelled") {
    SecondLabel label;
    CHECK(label.message({{noon, 0ns}, 300ms, MonotonicTime{100s}, false, true}) ==
          Outcome::no_label);
  }
}
