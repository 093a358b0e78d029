// What ends the lock, what is in its way, and what a loss leaves behind.

#include "tests/support/exact_box.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("the lock ends with the edge that makes the pulse irregular, or another one") {
  auto box = locked();
  SECTION("irregular") {
    for (const auto at : {200ms, 400ms}) box.pulse(59s + at);
    CHECK(box.bridge.state() == State::locked);
    box.pulse(59s + 600ms);
    CHECK(box.bridge.state() == State::hold);
  }
  SECTION("another one") {
    for (const int s : {59, 60}) {
      box.pulse(seconds{s} + 550ms);
      box.sentences(s + 1);
    }
    CHECK(box.bridge.state() == State::locked);
    box.pulse(61s + 550ms);
    CHECK(box.bridge.state() == State::fault);
  }
}

TEST_CASE("pulses that are not once a second are a doubt, and none once they are") {
  Box box;
  for (int s = 0; s < 40; ++s) {
    box.pulse(seconds{s});
    box.sentences(s);
    if (s < 20)
      for (const auto at : {200ms, 400ms, 600ms, 800ms}) box.pulse(seconds{s} + at);
    CAPTURE(s);
    if (s < 20 || s > 30)
      CHECK(box.bridge.reason_against(MonotonicTime{1000s + seconds{s} + 900ms}) ==
            (s < 20 ? std::optional{Reason::pulse_rate} : std::nullopt));
  }
}

TEST_CASE("an objection is in the way of the lock for three seconds") {
  Box box;
  box.error = 100ms;
  box.live(0, 60);
  box.tick(59s + 900ms, ClockStatus{true, 1ms});
  REQUIRE(reason(box.pulse(60s)) == Reason::witness);
  for (const int s : {60, 61, 62}) box.sentences(s);
  const MonotonicTime objected{1000s + 60s + 100us};
  CHECK(box.bridge.reason_against(objected + 3s) == Reason::witness);
  CHECK_FALSE(box.bridge.reason_against(objected + 3s + 1ns));
}

TEST_CASE("an objection stands for a minute while the kernel's clock status is not read") {
  Box box;
  box.error = 100ms;
  box.live(0, 60);
  box.tick(59s + 900ms, ClockStatus{true, 1ms});
  for (int s = 60; s < 70; ++s) {
    CHECK(reason(box.pulse(seconds{s})) == Reason::witness);
    box.sentences(s);
  }
  SECTION("from the last pulse that it was made of") {
    for (int s = 70; s < 125; ++s) box.sentences(s);
    const MonotonicTime objected{1000s + 64s + 100us};
    CHECK(box.bridge.reason_against(objected + 60s) == Reason::witness);
    CHECK_FALSE(box.bridge.reason_against(objected + 60s + 1ns));
  }
  SECTION("and no longer once it is read, and does not object") {
    box.tick(69s + 900ms, ClockStatus{true, 60ms});
    CHECK(reason(box.pulse(70s)) != Reason::witness);
  }
}

TEST_CASE("sentences without a name are a doubt, but of no number that is locked") {
  Box fresh;
  for (int s = 0; s < 4; ++s) {
    fresh.pulse(seconds{s});
    fresh.toff(seconds{s} + 990ms, s);
    fresh.tpv(seconds{s} + 995ms, s);
  }
  CHECK(fresh.bridge.reason_against(MonotonicTime{1000s + 3s + 995ms}) == Reason::ambiguous);
  auto box = locked();
  box.pulse(60s);
  for (const auto late : {990ms, 991ms, 992ms}) box.toff(60s + late, 60);
  box.tpv(60s + 995ms, 60);
  CHECK_FALSE(box.bridge.reason_against(MonotonicTime{1000s + 60s + 995ms}));
}

TEST_CASE("nothing is acquired without a receiver, nor without pulses") {
  Box box;
  CHECK_FALSE(box.bridge.suspected_rollovers());
  auto no_receiver = box;
  no_receiver.pulse(0s);
  CHECK(no_receiver.bridge.state() == State::waiting);
  auto no_pulses = box;
  no_pulses.sentences(0);
  CHECK(no_pulses.bridge.state() == State::waiting);
  box.pulse(0s);
  box.sentences(0);
  CHECK(box.bridge.state() == State::acquiring);
}

TEST_CASE("after a loss five sentences are waited for") {
  auto box = locked();
  box.bridge.step({box.at(59s + 900ms), GpsdLost{}});
  for (int s = 60; s < 65; ++s) {
    // TPV first, so that nothing is missing when TOFF comes.
    box.pulse(seconds{s});
    box.tpv(seconds{s} + 100ms, s);
    CHECK(box.bridge.state() == State::hold);
    box.toff(seconds{s} + 150ms, s);
  }
  CHECK(box.bridge.state() == State::locked);
}

TEST_CASE("sentences from before gpsd was lost do not count for a number") {
  Box box;
  box.live(0, 9);
  box.bridge.step({box.at(8900ms), GpsdLost{}});
  for (int s = 9; s < 19; ++s) {
    CHECK_FALSE(sent(box.pulse(seconds{s})));
    box.tpv(seconds{s} + 100ms, s);
    box.toff(seconds{s} + 150ms, s);
  }
  CHECK(sent(box.pulse(19s)));
}

TEST_CASE("strays from before the pulses were lost do not count for another phase") {
  auto box = locked();
  box.pulse(60s + 300ms);
  box.pulse(61s + 300ms);
  box.bridge.step({box.at(61s + 900ms), PpsLost{}});
  CHECK(reason(box.pulse(62s + 300ms)) == Reason::pulse_rate);
}

TEST_CASE("gpsd's reports of satellites and of devices reach the receiver watch") {
  auto box = locked();
  box.bridge.step({box.at(59s + 900ms), GpsdReport{SkyReport{"/dev/ttyAMA0", 9}}});
  CHECK(box.bridge.receiver().satellites_used() == 9);
  box.bridge.step({box.at(59s + 950ms), GpsdReport{DeviceReport{true, 0, "", false}}});
  CHECK(box.bridge.reason_against(MonotonicTime{1000s + 59s + 950ms}) == Reason::no_receiver);
  CHECK(reason(box.pulse(60s)) == Reason::no_receiver);
}

TEST_CASE(
    "gpsd's loss and the pulse's end the lock at once, and its return is no reason by itself") {
  auto box = locked();
  SECTION("gpsd") {
    box.bridge.step({box.at(59s + 900ms), GpsdLost{}});
    CHECK(box.bridge.state() == State::hold);
    CHECK(box.bridge.reason_against(MonotonicTime{1000s + 59s + 900ms}) == Reason::no_gpsd);
    CHECK(reason(box.pulse(60s)) == Reason::no_gpsd);
  }
  SECTION("pulses") {
    box.bridge.step({box.at(59s + 900ms), PpsLost{}});
    CHECK(box.bridge.state() == State::hold);
    // The counter may start again: the same number is no duplicate then.
    --box.sequence;
    CHECK(reason(box.pulse(60s)) == Reason::hold);
  }
}

TEST_CASE("a date that is doubted is forgotten with the gpsd that told it") {
  auto options = testing::options();
  options.earliest_date = UtcSecond{seconds{a_morning} + std::chrono::days{400}};
  Box box{options};
  box.live(0, 3);
  const auto now = MonotonicTime{1000s + 2900ms};
  CHECK(box.bridge.reason_against(now) == Reason::before_floor);
  CHECK_FALSE(box.bridge.suspected_rollovers());
  box.bridge.step({box.at(2900ms), GpsdLost{}});
  CHECK(box.bridge.reason_against(now) == Reason::no_gpsd);
  box.bridge.step({box.at(2950ms), GpsdReport{OtherReport{}}});
  CHECK(box.bridge.reason_against(now) == Reason::no_receiver);
}

TEST_CASE("a rollover is suspected of a date that a multiple of 1024 weeks would mend") {
  Box box;
  box.pulse(0s);
  const auto old = -1024 * 7 * 86'400;
  box.toff(150ms, old);
  box.tpv(350ms, old);
  CHECK(box.bridge.suspected_rollovers() == 1);
  auto lost = box;
  lost.bridge.step({lost.at(900ms), GpsdLost{}});
  CHECK_FALSE(lost.bridge.suspected_rollovers());
  box.toff(1150ms, 1);
  CHECK_FALSE(box.bridge.suspected_rollovers());
}
