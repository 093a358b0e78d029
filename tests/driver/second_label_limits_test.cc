// The limits of the second label, to the nanosecond and to the message.

#include "tests/support/label_run.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("the band in which a message labels its edge is 20 to 950 ms, both excluded",
          "[driver][second-label]") {
  const auto names = [](nanoseconds after) {
    return LabelRun{}.edges(10, after) == Outcome::confirmed;
  };
  CHECK_FALSE(names(20ms));
  CHECK(names(20ms + 1ns));
  CHECK(names(950ms - 1ns));
  CHECK_FALSE(names(950ms));
}

TEST_CASE("a proved label is contradicted from 50 ms before its instant, and 15 s after it",
          "[driver][second-label]") {
  const auto run = proved();
  const auto said = [run](nanoseconds delay) {
    auto copy = run;
    copy.next_edge();
    const auto behind = std::chrono::floor<seconds>(delay);
    return copy.message_after(delay - behind, -behind);
  };
  CHECK(said(-50ms) == Outcome::no_label);
  CHECK(said(-50ms - 1ns) == Outcome::contradicted);
  CHECK(said(15s - 1ns) == Outcome::no_label);
  CHECK(said(15s) == Outcome::contradicted);
}

TEST_CASE("of two labels, the earlier may be due to a late message twice",
          "[driver][second-label]") {
  // Named: one second ahead, as often as it is said, then the truth.
  const auto agreed = [](int earlier) {
    LabelRun run;
    run.edges(3, 300ms, 1s);
    run.edges(earlier);
    return run.label.assumed_second() == run.truth + 1s;
  };
  CHECK(agreed(2));
  CHECK_FALSE(agreed(3));
  SECTION("and twice again, once the later one was heard") {
    LabelRun run;
    run.edges(3, 300ms, 1s);
    run.edges(2);
    run.edges(1, 300ms, 1s);
    run.edges(2);
    CHECK(run.label.assumed_second() == run.truth + 1s);
  }
  SECTION("but not by fifteen seconds") {
    LabelRun run;
    run.edges(3, 300ms, 14s);
    run.edges(1);
    CHECK(run.label.assumed_second() == run.truth + 14s);
    LabelRun other;
    other.edges(3, 300ms, 15s);
    other.edges(1);
    CHECK(other.label.assumed_second() == other.truth);
  }
}

TEST_CASE("after several contradicting messages it takes twenty, after a single one ten",
          "[driver][second-label]") {
  const auto needed = [](int of_another_mind, seconds by) {
    LabelRun run;
    run.edges(of_another_mind, 300ms, by);
    return until_proved(run, 0s);
  };
  CHECK(needed(0, -5s) == 10);
  CHECK(needed(1, -5s) == 10);
  CHECK(needed(2, -5s) == 20);
  SECTION("a late one among them as well") {
    LabelRun run;
    run.edges(5);
    run.edges(1, 300ms, -1s);
    CHECK(until_proved(run, 0s) == 15);
  }
}

TEST_CASE("more than half of the messages must be consistent", "[driver][second-label]") {
  LabelRun run;
  run.edges(9, 300ms, -5s);
  // Eight dissent from what follows.
  CHECK(until_proved(run, 0s) == 20);
  SECTION("half of them are too few") {
    const bool exactly = GENERATE(true, false);
    LabelRun other;
    other.edges(1, 300ms, 1s);
    for (int i = 0; i < 100; ++i) {
      other.edges(exactly && i > 0 ? 1 : 2, 300ms, 0s);  // late, as it seems
      other.edges(1, 300ms, 1s);
    }
    CHECK_FALSE(other.label.second());
  }
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
  // Nine at once; the tenth after `passed`.
  const auto proves = [](nanoseconds passed) {
    LabelRun run;
    run.next_edge();
    for (int i = 0; i < 9; ++i) run.message_after(300ms);
    for (int i = 0; i < 8; ++i) run.next_edge();
    return run.message_after(300ms, 0s, passed - 8s) == Outcome::confirmed;
  };
  CHECK(proves(8s));
  CHECK_FALSE(proves(8s - 1ns));
}

TEST_CASE("a message that may have come after the next edge labels nothing",
          "[driver][second-label]") {
  // At 300 ms after its edge, it must arrive within 700 ms.
  const auto proves = [](nanoseconds held_up) {
    LabelRun run;
    auto outcome = Outcome::no_label;
    for (int i = 0; i < 10; ++i) {
      run.next_edge();
      outcome = run.message_after(300ms, 0s, held_up);
    }
    return outcome == Outcome::confirmed;
  };
  CHECK(proves(700ms - 1ns));
  CHECK_FALSE(proves(700ms));
}

TEST_CASE("three messages without a label are ambiguous, until one has a label",
          "[driver][second-label]") {
  LabelRun run;
  run.edges(2, 5ms);
  CHECK_FALSE(run.label.ambiguous());
  run.edges(1, 5ms);
  CHECK(run.label.ambiguous());
  run.edges(1);
  CHECK_FALSE(run.label.ambiguous());
  run.edges(2, 5ms);
  CHECK_FALSE(run.label.ambiguous());
  SECTION("or confirms the counted second") {
    run.edges(10);
    run.edges(5, 5ms);
    REQUIRE(run.label.ambiguous());
    run.edges(1);
    CHECK_FALSE(run.label.ambiguous());
    run.edges(2, 5ms);
    CHECK_FALSE(run.label.ambiguous());
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
  SECTION("against the last confirmed second alone") {
    run.restart(10s, 10s);
    run.edges(3);
    CHECK_FALSE(run.label.disputed());
    run.restart(10s, 10s);
    run.edges(2, 300ms, 16s);
    CHECK_FALSE(run.label.disputed());
    run.edges(1, 300ms, 16s);
    CHECK(run.label.disputed());
  }
  SECTION("without any confirmed second there is none") {
    LabelRun fresh;
    fresh.edges(5);
    CHECK_FALSE(fresh.label.disputed());
  }
}

TEST_CASE("five messages allow samples, and a contradiction or a failed check stops them",
          "[driver][second-label]") {
  auto run = proved(10);
  run.next_edge();
  REQUIRE(run.message_after(300ms, 16s) == Outcome::contradicted);
  CHECK_FALSE(run.label.may_send());
  run.edges(4);
  CHECK_FALSE(run.label.may_send());
  run.edges(1);
  CHECK(run.label.may_send());
  run.edges(100);
  run.label.restart_count();
  CHECK_FALSE(run.label.may_send());
}

TEST_CASE("a failed check makes a nearly proved label start again", "[driver][second-label]") {
  LabelRun run;
  run.edges(9);
  run.label.restart_count();
  CHECK(run.label.assumed_second() == run.truth);
  CHECK(until_proved(run, 0s) == 10);
  SECTION("and its eight seconds as well") {
    run.next_edge();
    auto outcome = Outcome::no_label;
    for (int i = 0; i < 10; ++i) outcome = run.message_after(300ms);
    CHECK(outcome == Outcome::no_label);
  }
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
  SECTION("and the proved label, though not the last confirmed second") {
    auto known = proved();
    known.restart(5s, 5s);
    CHECK_FALSE(known.label.second());
    CHECK(known.label.confirmed());
  }
  SECTION("and begins where it says") {
    LabelRun fresh;
    fresh.message_after(300ms);
    CHECK(fresh.label.assumed_second() == fresh.truth);
  }
  SECTION("before any edge nothing is labelled") {
    SecondLabel label;
    CHECK(label.message({noon, 0ns}, 300ms, MonotonicTime{100s}, false) == Outcome::no_label);
  }
}
