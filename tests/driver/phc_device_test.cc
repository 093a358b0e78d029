// The kernel's PTP clocks by a stand-in, since no machine of a test has one with a pin: what is
// asked of it and what it answers is linux/ptp_clock.h's, and how igb, igc and a PHY behave their
// drivers'.

#include "driver/io/phc_device.h"

#include <linux/ptp_clock.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "driver/io/pulse_thread.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr SystemTime noon{1795348800s};

ptp_clock_time time_of(nanoseconds since) {
  ptp_clock_time time{};
  time.sec = std::chrono::floor<seconds>(since).count();
  time.nsec = static_cast<std::uint32_t>((since - std::chrono::floor<seconds>(since)).count());
  return time;
}

class Card final : public DeviceSystem {
 public:
  int pins = 4, channels = 2;
  bool one_edge = true, at_once = false;
  int open_error = 0, caps_error = 0, pin_error = 0, start_error = 0, read_error = 0,
      offset_error = 0;
  nanoseconds phc = 500s;  // at `now`
  SystemTime now = noon;
  std::deque<ptp_extts_event> edges;
  std::vector<ptp_pin_desc> pins_set;
  std::vector<ptp_extts_request> requests;
  bool closed = false;

  void edge(nanoseconds stamp, unsigned channel = 0) {
    ptp_extts_event event{};
    event.t = time_of(stamp);
    event.index = channel;
    edges.push_back(event);
  }

  int open(const char* path) override {
    return answer(std::string{path} == "/dev/ptp0" ? open_error : ENOENT, descriptor);
  }

  int ioctl(int fd, unsigned long request, void* argument) override {
    if (fd != descriptor) return answer(EBADF);
    switch (request) {
      case PTP_CLOCK_GETCAPS:
        static_cast<ptp_clock_caps*>(argument)->n_pins = pins;
        static_cast<ptp_clock_caps*>(argument)->n_ext_ts = channels;
        return answer(caps_error);
      case PTP_PIN_SETFUNC2:
        pins_set.push_back(*static_cast<ptp_pin_desc*>(argument));
        return answer(pin_error);
      case PTP_EXTTS_REQUEST2:
        requests.push_back(*static_cast<ptp_extts_request*>(argument));
        return answer(start(requests.back().flags));
      case PTP_SYS_OFFSET_PRECISE2: {
        if (!at_once) return answer(EOPNOTSUPP);
        auto& both = *static_cast<ptp_sys_offset_precise*>(argument);
        both.device = time_of(phc);
        both.sys_realtime = time_of(now.time_since_epoch());
        return 0;
      }
      case PTP_SYS_OFFSET_EXTENDED2: {
        auto& taken = *static_cast<ptp_sys_offset_extended*>(argument);
        // The last is the best.
        for (unsigned i = 0; i < taken.n_samples; ++i) {
          const auto took = 2us * (taken.n_samples - i);
          taken.ts[i][0] = time_of(now.time_since_epoch() - took / 2);
          taken.ts[i][1] = time_of(phc - (took - 2us));
          taken.ts[i][2] = time_of(now.time_since_epoch() + took / 2);
        }
        return answer(offset_error);
      }
      default:
        return answer(ENOTTY);
    }
  }

  int wait(int /*fd*/, nanoseconds /*patience*/) override {
    return edges.empty() && read_error == 0 ? 0 : 1;
  }

  long read(int /*fd*/, void* into, std::size_t size) override {
    if (read_error != 0) return answer(read_error);
    std::memcpy(into, &edges.front(), size);
    edges.pop_front();
    return static_cast<long>(size);
  }

  void close(int fd) override { closed = fd == descriptor; }

 private:
  static constexpr int descriptor = 7;

  static int answer(int error, int good = 0) {
    errno = error;
    return error == 0 ? good : -1;
  }

  [[nodiscard]] int start(unsigned flags) const {
    const bool both = (flags & PTP_EXTTS_EDGES) == PTP_EXTTS_EDGES;
    if (flags == 0) return 0;
    return start_error != 0 ? start_error : one_edge || both ? 0 : EOPNOTSUPP;
  }
};

PhcSource pin(unsigned number, CaptureEdge edge = CaptureEdge::assert) {
  return {"/dev/ptp0", number, edge};
}

std::string refusal(Card& card, unsigned number = 1) {
  const auto device = PhcDevice::open(pin(number), card);
  return device ? "" : device.error().message;
}

}  // namespace

TEST_CASE("a pin is made to take pulses, and let go at the end", "[driver][phc]") {
  Card card;
  {
    const auto device = PhcDevice::open(pin(3), card);
    REQUIRE(device);
    CHECK((*device)->note().empty());
    REQUIRE(card.pins_set.size() == 1);
    CHECK(card.pins_set[0].index == 3);
    CHECK(card.pins_set[0].func == PTP_PF_EXTTS);
    CHECK(card.pins_set[0].chan == 0);
    REQUIRE(card.requests.size() == 1);
    CHECK(card.requests[0].index == 0);
    CHECK(card.requests[0].flags == (PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS | PTP_RISING_EDGE));
    CHECK_FALSE(card.closed);
  }
  CHECK(card.requests.back().flags == 0);
  CHECK(card.closed);
}

TEST_CASE("the other edge is asked for where the settings name it", "[driver][phc]") {
  Card card;
  REQUIRE(PhcDevice::open(pin(0, CaptureEdge::clear), card));
  CHECK(card.requests[0].flags == (PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS | PTP_FALLING_EDGE));
}

TEST_CASE("without pins to choose from, the number is the channel's", "[driver][phc]") {
  Card card;
  card.pins = 0;
  const auto device = PhcDevice::open(pin(1), card);
  REQUIRE(device);
  CHECK(card.pins_set.empty());
  CHECK(card.requests[0].index == 1);
  card.edge(500s, 0);
  CHECK_FALSE(*(*device)->fetch(1ms));
  card.edge(500s, 1);
  CHECK(*(*device)->fetch(1ms));
  CHECK_THAT(refusal(card, 2), ContainsSubstring("has no pin 2: they are numbered from 0 to 1"));
}

TEST_CASE("an edge has the system's time, by the best reading of both clocks", "[driver][phc]") {
  Card card;
  for (const bool at_once : {false, true}) {
    card.at_once = at_once;
    const auto device = PhcDevice::open(pin(1), card);
    REQUIRE(device);
    card.phc = 500s + 300us;
    card.now = noon + 300us;
    card.edge(500s);
    const auto first = (*device)->fetch(1ms);
    REQUIRE((first && *first));
    CHECK((*first)->stamp == noon);
    CHECK((*first)->sequence == 1);
    card.phc = 501s + 10us;
    card.now = noon + 1s + 10us;
    card.edge(501s);
    const auto second = (*device)->fetch(1ms);
    REQUIRE((second && *second));
    CHECK((*second)->stamp == noon + 1s);
    CHECK((*second)->sequence == 2);
    CHECK_FALSE(*(*device)->fetch(1ms));
  }
}

TEST_CASE("an edge that waited since before the clock was opened is not given", "[driver][phc]") {
  Card card;
  const auto device = PhcDevice::open(pin(1), card);
  REQUIRE(device);
  card.edge(480s);
  card.edge(500s);
  CHECK_FALSE(*(*device)->fetch(1ms));
  const auto fresh = (*device)->fetch(1ms);
  REQUIRE((fresh && *fresh));
  CHECK((*fresh)->sequence == 1);
}

TEST_CASE("of a card that stamps both edges, the leading ones are given", "[driver][phc]") {
  Card card;
  card.one_edge = false;
  const auto device = PhcDevice::open(pin(1), card);
  REQUIRE(device);
  CHECK_THAT((*device)->note(), ContainsSubstring("both edges"));
  CHECK(card.requests[1].flags == (PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS | PTP_EXTTS_EDGES));
  std::vector<SystemTime> stamps;
  for (const auto edge : {0ms, 100ms, 1000ms, 1100ms, 2000ms, 2100ms}) {
    card.phc = 500s + edge;
    card.now = noon + edge;
    card.edge(500s + edge);
    const auto pulse = (*device)->fetch(1ms);
    REQUIRE(pulse);
    if (*pulse) stamps.push_back((*pulse)->stamp);
  }
  CHECK(stamps == std::vector<SystemTime>{noon + 1s, noon + 2s});
}

TEST_CASE("a clock that cannot give pulses is refused with the cure", "[driver][phc]") {
  const auto refused = [](auto spoil) {
    Card card;
    spoil(card);
    auto words = refusal(card);
    CHECK_THAT(words, Catch::Matchers::StartsWith("/dev/ptp0: "));
    CHECK(card.closed == (card.open_error == 0));
    return words;
  };
  CHECK_THAT(refused([](Card& card) { card.open_error = ENOENT; }), ContainsSubstring("ethtool"));
  CHECK_THAT(refused([](Card& card) { card.open_error = EACCES; }), ContainsSubstring("udev rule"));
  CHECK_THAT(refused([](Card& card) { card.caps_error = ENOTTY; }),
             ContainsSubstring("is it a PTP clock at all?"));
  CHECK_THAT(refused([](Card& card) { card.channels = 0; }), ContainsSubstring("stamps no pulses"));
  CHECK_THAT(refused([](Card& card) { card.pins = 1; }), ContainsSubstring("has no pin 1"));
  CHECK_THAT(refused([](Card& card) { card.pin_error = EOPNOTSUPP; }),
             ContainsSubstring("pin 1 takes no pulses"));
  CHECK_THAT(refused([](Card& card) { card.pin_error = EBUSY; }),
             ContainsSubstring("another program"));
  CHECK_THAT(refused([](Card& card) { card.start_error = EOPNOTSUPP; }),
             ContainsSubstring("not supported"));
  CHECK_THAT(refused([](Card& card) { card.start_error = EPERM; }), ContainsSubstring("udev rule"));
}

TEST_CASE("a clock that goes away, or cannot be read, is told", "[driver][phc]") {
  Card card;
  const auto device = PhcDevice::open(pin(1), card);
  REQUIRE(device);
  card.read_error = EINTR;
  CHECK_FALSE(*(*device)->fetch(1ms));
  card.read_error = ENODEV;
  const auto gone = (*device)->fetch(1ms);
  REQUIRE_FALSE(gone);
  CHECK_THAT(gone.error().message, ContainsSubstring("/dev/ptp0: No such device"));
  card.read_error = 0;
  card.offset_error = EOPNOTSUPP;
  card.edge(500s);
  const auto blind = (*device)->fetch(1ms);
  REQUIRE_FALSE(blind);
  CHECK_THAT(blind.error().message, ContainsSubstring("cannot be read beside the system clock"));
}

TEST_CASE("a clock's pulses come through the thread that waits for them", "[driver][phc]") {
  Card card;
  card.edge(500s);
  card.edge(500s + 1ms);
  card.phc = 500s + 1ms;
  card.now = noon + 1ms;
  std::vector<SystemTime> stamps;
  bool opened = false;
  PulseThread thread{pin(1), card};
  while (stamps.size() < 2)
    thread.drain([&](const PulseRecord& record) {
      if (record.kind == PulseRecord::Kind::opened) opened = true;
      if (record.kind == PulseRecord::Kind::pulse) stamps.push_back(record.pulse.stamp);
    });
  CHECK(opened);
  CHECK(stamps == std::vector<SystemTime>{noon, noon + 1ms});
}
