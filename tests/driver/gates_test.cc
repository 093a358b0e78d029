// The limits of the bridge's checks, to the nanosecond.

#include "tests/support/exact_box.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("a pulse is sent when it is a second old, and not when it is older") {
  auto box = locked();
  CHECK(sent(box.pulse(60s, 1s)));
  CHECK(box.bridge.last_sample()->second == UtcSecond{seconds{a_morning + 60}});
  CHECK(reason(locked().pulse(60s, 1s + 1ns)) == Reason::late);
}

TEST_CASE("a stamp may lie a millisecond ahead of its reading, and no more") {
  CHECK(sent(locked().pulse(60s, -1ms)));
  CHECK(reason(locked().pulse(60s, -1ms - 1ns)) == Reason::clock_step);
}

TEST_CASE("a pulse is sent two seconds after the last confirmation, and not later") {
  SECTION("of a receiver that fell silent") {
    CHECK(sent(locked().pulse(61s, 150ms)));
    CHECK(reason(locked().pulse(61s, 150ms + 1ns)) == Reason::no_second);
  }
  SECTION("of one whose sentences confirm nothing any more") {
    auto box = locked();
    box.pulse(60s);
    box.toff(60s + 990ms, 60);
    box.tpv(60s + 995ms, 60);
    auto later = box;
    CHECK(sent(box.pulse(61s, 150ms)));
    CHECK(reason(later.pulse(61s, 150ms + 1ns)) == Reason::no_second);
  }
}

TEST_CASE("the lock lasts three seconds without a confirmation, and no longer") {
  auto box = locked();
  box.pulse(60s);
  box.pulse(61s);
  SECTION("of a receiver that fell silent") {
    box.pulse(62s);
    CHECK(box.state_at(62s + 150ms) == State::locked);
    CHECK(box.state_at(62s + 150ms + 1ns) == State::hold);
  }
  SECTION("of one whose sentences confirm nothing any more") {
    for (const int s : {60, 61}) {
      box.toff(seconds{s} + 990ms, s);
      box.tpv(seconds{s} + 995ms, s);
    }
    box.pulse(62s);
    CHECK(box.state_at(62s + 150ms) == State::locked);
    CHECK(box.state_at(62s + 150ms + 1ns) == State::hold);
  }
}

TEST_CASE("pulses come while the last one is no more than 3.2 s old") {
  auto box = locked();
  for (const int s : {60, 61}) box.sentences(s);
  CHECK(box.bridge.pulses_come(MonotonicTime{1000s + 62'200ms}));
  CHECK_FALSE(box.bridge.pulses_come(MonotonicTime{1000s + 62'200ms + 1ns}));
  CHECK(box.state_at(62'200ms) == State::locked);
  CHECK(box.state_at(62'200ms + 1ns) == State::hold);
  CHECK_FALSE(Box{}.bridge.pulses_come(MonotonicTime{}));
}

TEST_CASE("a message counts within three seconds of an edge, before it and after it") {
  // Its label is wrong, so that it ends the lock when it counts.
  const auto heard = [](nanoseconds burst) {
    auto box = locked();
    for (const int s : {60, 61}) box.sentences(s);
    box.toff(burst, 20, 62s);
    return box.bridge.state() != State::locked;
  };
  CHECK(heard(62s));
  CHECK_FALSE(heard(62s + 1ns));
  const auto heard_before = [](nanoseconds before) {
    auto box = locked();
    box.live(60, 61);
    for (const int s : {61, 62}) box.pulse(seconds{s});
    box.pulse(63s);
    box.toff(63s - before, 20, 63s + 10ms);
    return box.bridge.state() != State::locked;
  };
  CHECK(heard_before(1s));
}

TEST_CASE("a message that waited for more than two seconds labels nothing") {
  // The receiver's own time, for want of any other: whether it was used shows in the reason.
  const auto doubt = [](nanoseconds waited) {
    Box box;
    box.pulse(0s);
    box.toff(150ms, 0, 150ms + waited);
    box.tpv(150ms + waited, 0);
    return box.bridge.reason_against(MonotonicTime{1000s + 150ms + waited});
  };
  CHECK_FALSE(doubt(2s));
  CHECK(doubt(2s + 1ns) == Reason::no_second);
  CHECK_FALSE(doubt(-1ms));
  CHECK(doubt(-1ms - 1ns) == Reason::no_second);
}

TEST_CASE("a pulse whose reading departs by more than a millisecond is refused") {
  // The monotonic clock was read `late`: it was disturbed, or the system clock was stepped.
  const auto judged = [](nanoseconds late) {
    auto box = locked();
    auto reading = box.at(60s + 100us);
    reading.monotonic += late;
    return box.handed(60s, reading);
  };
  CHECK(sent(judged(1ms)));
  CHECK(sent(judged(-1ms)));
  for (const nanoseconds late : {1ms + 1ns, 50ms + 0ns, -1ms - 1ns, -50ms + 0ns})
    CHECK(reason(judged(late)) == Reason::clock_step);
}

TEST_CASE("an edge before the last step of the clock is refused, the first after it is not") {
  auto box = locked();
  box.error += 5ms;
  box.tick(60s + 500ms);  // a step is first seen here
  box.tick(60s + 600ms);  // and proved here
  const auto judged = [&box](nanoseconds edge) {
    auto copy = box;
    return copy.pulse(edge, 700ms);
  };
  CHECK(reason(judged(60s + 500ms - 1ns)) == Reason::clock_step);
  CHECK(reason(judged(60s + 500ms)) == Reason::off_beat);
}

TEST_CASE("a message from before a clock step does not count after it") {
  auto box = locked();
  box.error += 5s;
  box.tick(60s + 500ms);
  box.tick(60s + 600ms);
  const auto state_after = [&box](nanoseconds burst) {
    auto copy = box;
    copy.toff(burst, 20, 60s + 900ms);
    return copy.bridge.state();
  };
  CHECK(state_after(60s + 500ms - 1ns) == State::locked);
  CHECK(state_after(60s + 500ms) != State::locked);
}

TEST_CASE("after a clock step one message is waited for") {
  auto box = locked();
  box.pulse(60s);
  box.error += 5s;
  box.tick(60s + 150ms);
  box.tick(60s + 160ms);
  auto silent = box;
  CHECK(reason(silent.pulse(61s)) == Reason::clock_step);
  auto at_once = box;
  at_once.toff(60s + 150ms, 60, 60s + 200ms);
  CHECK(sent(at_once.pulse(61s)));
}

TEST_CASE("the error of quantisation is taken off, up to fifty nanoseconds, for a second") {
  const auto error = [](std::chrono::duration<std::int64_t, std::pico> early,
                        nanoseconds later = 100us, std::int64_t second = 60,
                        std::string_view device = "/dev/ttyAMA0") {
    auto box = locked();
    const auto told = 60s + 100us - later;
    const QuantizationReport report{device, UtcSecond{seconds{a_morning + second}}, early};
    box.bridge.step({box.at(told), GpsdReport{report}});
    const auto decision = box.pulse(60s);
    REQUIRE(sent(decision));
    return -std::get<Sample>(decision).offset - 40us;
  };
  using ps = std::chrono::duration<std::int64_t, std::pico>;
  CHECK(error(ps{50'000}) == 50ns);
  CHECK(error(ps{-50'000}) == -50ns);
  CHECK(error(ps{50'001}) == 0ns);
  CHECK(error(ps{-50'001}) == 0ns);
  CHECK(error(ps{1'600}) == 2ns);
  CHECK(error(ps{9'000}, 1s) == 9ns);
  CHECK(error(ps{9'000}, 1s + 1ns) == 0ns);
  CHECK(error(ps{9'000}, 100us, 59) == 0ns);
  CHECK(error(ps{9'000}, 100us, 60, "/dev/ttyUSB0") == 0ns);
  CHECK(error(ps{9'000}, 100us, 60, "") == 9ns);
}

TEST_CASE("a clock that is an hour off needs ten messages, more than an hour twenty") {
  const auto first_sample = [](nanoseconds error) {
    Box box;
    box.error = error;
    for (int s = 0; s < 60; ++s) {
      if (sent(box.pulse(seconds{s}))) return s;
      box.sentences(s);
    }
    return 60;
  };
  for (const auto off : {nanoseconds{1h}, nanoseconds{-1h}}) CHECK(first_sample(off) == 11);
  CHECK(first_sample(1h + 1ns) == 21);
  CHECK(first_sample(-1h - 1ns) == 21);
  // An offset that cannot be represented is huge as well: it is never sent.
  CHECK(first_sample(nanoseconds{std::chrono::years{-140}}) == 60);
}

TEST_CASE("edges that were not fetched are counted up to an hour of them") {
  const auto missed = [](std::uint64_t step) {
    auto box = locked();
    box.sequence += step - 1;
    box.pulse(60s);
    return box.bridge.counters().missed;
  };
  CHECK(missed(1) == 0);
  CHECK(missed(2) == 1);
  CHECK(missed(3600) == 3599);
  CHECK(missed(3601) == 0);
}

TEST_CASE("stamps and clocks beyond 146 years from 1970 are refused") {
  constexpr nanoseconds edge_of_time{std::int64_t{1} << 62};
  const auto judged = [](nanoseconds stamp, nanoseconds clock) {
    Bridge bridge{testing::options()};
    const Reading at{SystemTime{clock}, MonotonicTime{1000s}, std::nullopt};
    return reason(*bridge.step({at, Pulse{SystemTime{stamp}, 1}}).decision);
  };
  CHECK(judged(edge_of_time - 1ns, edge_of_time - 1ns) == Reason::no_gpsd);
  CHECK(judged(edge_of_time, edge_of_time - 1ns) == Reason::clock_range);
  CHECK(judged(edge_of_time - 1ns, edge_of_time) == Reason::clock_range);
  CHECK(judged(1ns - edge_of_time, 1ns - edge_of_time) == Reason::no_gpsd);
  CHECK(judged(-edge_of_time, 1ns - edge_of_time) == Reason::clock_range);
}

TEST_CASE("a second report of a pulse's error replaces the first") {
  auto box = locked();
  for (const int ps : {9'000, 60'000}) {
    const QuantizationReport report{"/dev/ttyAMA0", UtcSecond{seconds{a_morning + 60}},
                                    std::chrono::duration<std::int64_t, std::pico>{ps}};
    box.bridge.step({box.at(59s + 900ms), GpsdReport{report}});
  }
  CHECK(std::get<Sample>(box.pulse(60s)).offset == -40us);
}

TEST_CASE("the kernel clock may object to one pulse and agree to the next") {
  Box box;
  box.error = 100ms;
  box.live(0, 60);
  box.tick(59s + 900ms, ClockStatus{true, 1ms});
  CHECK(reason(box.pulse(60s)) == Reason::witness);
  CHECK(box.bridge.state() == State::hold);
  box.sentences(60);
  box.tick(60s + 900ms, ClockStatus{true, 60ms});
  CHECK(reason(box.pulse(61s)) == Reason::hold);
}

TEST_CASE("messages up to 20 ms after the pulse are early, other ones without a label ambiguous") {
  // A sentence before each pulse: the burst spans the pulse and labels nothing.
  const auto refused = [](nanoseconds delay) {
    Box box;
    for (int s = 0; s < 10; ++s) {
      box.bridge.step({box.at(seconds{s} - 100ms), GpsdReport{SentenceReport{}}});
      box.pulse(seconds{s});
      box.toff(seconds{s} + delay, s);
      box.tpv(seconds{s} + 350ms, s);
    }
    return reason(box.pulse(10s));
  };
  CHECK(refused(0ns) == Reason::early_messages);
  CHECK(refused(20ms) == Reason::early_messages);
  CHECK(refused(20ms + 1ns) == Reason::ambiguous);
  CHECK(refused(150ms) == Reason::ambiguous);
}

TEST_CASE("messages are late from one second after their pulse on") {
  const auto refused = [](nanoseconds delay) {
    auto box = locked();
    box.pulse(60s);
    for (int s = 61; s < 70; ++s) {
      box.pulse(seconds{s});
      box.toff(seconds{s - 1} + delay, s - 1);
      box.tpv(seconds{s} + 700ms, s - 1);
    }
    return reason(box.pulse(70s));
  };
  CHECK(refused(1s - 1ns) == Reason::ambiguous);
  CHECK(refused(1s) == Reason::late_messages);
  CHECK(refused(1500ms) == Reason::late_messages);
}

TEST_CASE(
    "a burst that begins at the instant of an edge began after it, a nanosecond earlier not") {
  const auto locks = [](nanoseconds begin) {
    Box box;
    for (int s = 0; s < 20; ++s) {
      box.bridge.step({box.at(seconds{s} + begin), GpsdReport{SentenceReport{}}});
      box.pulse(seconds{s});
      box.sentences(s);
    }
    return box.bridge.state() == State::locked;
  };
  CHECK(locks(0ns));
  CHECK_FALSE(locks(-1ns));
}

TEST_CASE("a pulse that runs off is the reason why no sample can be sent") {
  auto box = locked();
  box.live(60, 700);
  nanoseconds off{};
  int s = 700;
  for (; s < 1000; ++s) {
    off += 10us;  // 10 ppm
    const auto decision = box.pulse(seconds{s} + off);
    if (!sent(decision)) {
      CHECK(reason(decision) == Reason::pulse_drift);
      break;
    }
    CHECK_FALSE(box.bridge.reason_against(box.at(seconds{s} + off).monotonic));
    box.sentences(s);
  }
  REQUIRE(s < 1000);
  CHECK(box.bridge.reason_against(box.at(seconds{s} + off).monotonic) == Reason::pulse_drift);
}
