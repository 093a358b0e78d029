// gpsd restarted a thousand times: a scripted one on a real connection, while the clocks and the
// pulses are simulated.

#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "driver/core/bridge.h"
#include "driver/core/gpsd_report.h"
#include "tests/scenarios/world.h"
#include "tests/support/fake_gpsd.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;
using namespace ntsbox::scenarios;

namespace {

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {});
}

/// A thread that has connected may let go of its own a little later.
bool no_more_than(std::ptrdiff_t descriptors) {
  for (int i = 0; i < 2000 && open_descriptors() > descriptors; ++i)
    std::this_thread::sleep_for(10ms);
  return open_descriptors() <= descriptors;
}

/// A machine whose gpsd comes and goes: second by second, with a pulse in each.
struct Box {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  GpsdReportParser parser;
  Bridge bridge{options()};
  World world;
  int second = 0;

  [[nodiscard]] Reading at(double after) const { return world.read(second + after, 0ns); }

  void connect() {
    for (; client.stream->fd() < 0; ++second) client.tick(at(0.5).monotonic);
    gpsd.accept();
    gpsd.say(greeting);
    take(2, at(0.6));
  }

  void lose() {
    gpsd.hang_up();
    client.drain_until(1, at(0.5).monotonic);
    CHECK(client.told.front().starts_with("lost "));
    client.told.clear();
    bridge.step({at(0.5), GpsdLost{}});
  }

  /// A second of the receiver's; whether its pulse became a sample.
  bool live(bool speaks) {
    ++second;
    const Pulse pulse{world.system_at(second), static_cast<std::uint64_t>(second)};
    const auto decision = bridge.step({at(0.0001), pulse}).decision;
    if (speaks) say_the_second();
    const auto* sample = std::get_if<Sample>(&*decision);
    if (sample) CHECK(sample->second == UtcSecond{seconds{world.utc(second)}});
    return sample != nullptr;
  }

 private:
  void say_the_second() {
    const auto burst = world.system_at(second + 0.15).time_since_epoch();
    gpsd.say(fmt::format(
        R"({{"class":"TOFF","device":"/dev/ttyAMA0","real_sec":{},"real_nsec":0,"clock_sec":{},"clock_nsec":{}}})"
        "\r\n",
        world.utc(second), burst / 1s, (burst % 1s).count()));
    take(1, at(0.152));
    gpsd.say(fmt::format(R"({{"class":"TPV","device":"/dev/ttyAMA0","mode":3,"time":"{}"}})"
                         "\r\n",
                         format_iso_utc(UtcSecond{seconds{world.utc(second)}})));
    take(1, at(0.35));
  }

  void take(std::size_t count, const Reading& now) {
    client.drain_until(count, now.monotonic);
    for (const auto& told : client.told)
      if (told.starts_with("line ")) bridge.step({now, parser.parse(told.substr(5))});
    client.told.clear();
  }
};

}  // namespace

TEST_CASE("after each of a thousand restarts of gpsd samples return, and no descriptor is left",
          "[driver][gpsd-stream][slow]") {
  Box box;
  box.connect();
  for (int s = 0; s < 20; ++s) box.live(true);
  REQUIRE(box.bridge.state() == State::locked);
  const auto descriptors = open_descriptors();
  int longest = 0;
  for (int restart = 0; restart < seeds(1000); ++restart) {
    box.lose();
    const int away = 1 + restart % 20;
    for (int s = 0; s < away; ++s) REQUIRE_FALSE(box.live(false));
    box.connect();
    int waited = 0;
    while (!box.live(true)) REQUIRE(++waited < 15);
    longest = std::max(longest, waited);
  }
  CHECK(longest <= 10);
  CHECK(no_more_than(descriptors));
}
