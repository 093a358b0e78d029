// Counts what the program allocates, by standing in for operator new in all of it.

#include <array>
#include <cstdlib>
#include <new>
#include <string_view>

#include "driver/core/bridge.h"
#include "driver/core/chrony_wire.h"
#include "driver/core/gpsd_report.h"
#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

namespace {

// Of owning-memory: this is where owning begins.
thread_local std::size_t allocations = 0;

void* allocate(std::size_t size) {
  ++allocations;
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory)
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);  // NOLINT(cppcoreguidelines-owning-memory)
}

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);  // NOLINT(cppcoreguidelines-owning-memory)
}

void operator delete(void* memory) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-owning-memory)
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-owning-memory)
}

void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-owning-memory)
}

// The forms for arrays call these (new.delete.array).

TEST_CASE("a warm parser of gpsd's reports allocates nothing", "[driver][gpsd-report]") {
  static constexpr std::array<std::string_view, 9> lines = {
      R"({"class":"SKY","device":"/dev/ttyAMA0","hdop":0.93,"nSat":2,"uSat":1,"satellites":[{"PRN":3,"el":44.0,"az":120.0,"ss":40.0,"used":true,"gnssid":0,"svid":3},{"PRN":8,"el":11.0,"az":310.0,"ss":19.0,"used":false,"gnssid":0,"svid":8}]})",
      R"({"class":"TPV","device":"/dev/ttyAMA0","mode":3,"time":"2026-11-22T10:00:00.000Z","ept":0.005,"lat":46.947974167,"lon":7.447446833})",
      R"({"class":"TOFF","device":"/dev/ttyAMA0","real_sec":1795341600, "real_nsec":0,"clock_sec":1795341600,"clock_nsec":151066214})",
      R"({"class":"DEVICES","devices":[{"class":"DEVICE","path":"/dev/ttyAMA0","activated":"2026-11-22T09:58:03.149Z"}]})",
      R"({"class":"DEVICE","path":"/dev/ttyAMA0","activated":0})",
      R"({"class":"VERSION","release":"3.22"})",
      R"({"class":"ERROR","message":"Can't open /dev/none."})",
      R"({"class":"TPV","mode":3,"mode":3})",
      "$GPRMC,100000.00,A*00"};
  ntsbox::driver::GpsdReportParser parser;
  const auto parse_all = [&] {
    const auto before = allocations;
    for (const auto line : lines) parser.parse(line);
    return allocations - before;
  };
  CHECK(parse_all() > 0);
  CHECK(parse_all() == 0);
}

TEST_CASE("between an event and its datagram nothing is allocated", "[driver][bridge]") {
  using namespace ntsbox;
  using namespace ntsbox::driver;
  const auto events = scenarios::World{}.live(120);
  auto options = scenarios::options();
  options.lateness = GENERATE(LatenessMode::raw, LatenessMode::automatic);
  Bridge bridge{options};
  std::size_t sent = 0;
  const auto before = allocations;
  for (const auto& event : events) {
    const auto decision = bridge.step(event).decision;
    const auto* sample = decision ? std::get_if<Sample>(&*decision) : nullptr;
    if (sample && !encode(*sample).bytes().empty()) ++sent;
  }
  CHECK(allocations == before);
  CHECK(sent > 100);
}
