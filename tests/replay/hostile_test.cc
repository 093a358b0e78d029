// Event logs with lines that no gpsd and no kernel would write: every pulse still has one decision.

#include <random>

#include "tests/replay/replayed.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::scenarios;

namespace {

/// Log lines with random members.
class Hostile {
 public:
  explicit Hostile(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t count) { return random_() % count; }

  template <std::size_t count>
  std::string one_of(const char* const (&choices)[count]) {
    return choices[below(count)];
  }

  /// What gpsd's line is in place of a report.
  std::string junk() {
    switch (below(10)) {
      case 0:
        return std::string(1 + below(4999), '{');
      case 1:
        return std::string(100'000, '[');
      case 2:
        return std::string(1'000'000, 'x');
      case 3:
        return R"({"class":"TPV","mode":)" +
               one_of({"3", R"("3")", "3.5", "-1", "1e+308", "null", "1180591620717411303424"}) +
               "}";
      case 4:
        return R"({"class":"TPV","mode":3,"mode":3,"time":"2026-11-22T10:00:00.000Z"})";
      case 5:
        return R"({"class":"TPV","mode":3,"time":")" +
               one_of({"2026-02-30T00:00:00Z", "2026-11-22T25:00:00Z", "2026-11-22T10:00:00+02:00",
                       "", R"(\u0000)", "99999999999999999999999999999999"}) +
               "\"}";
      case 6:
        return R"({"class":"TOFF","real_sec":)" +
               one_of({"9223372036854775807", "-9223372036854775808", "0", "1e9", R"("1")"}) +
               R"(,"real_nsec":0,"clock_sec":)" +
               one_of({"9223372036854775807", "-9223372036854775808", "0"}) + R"(,"clock_nsec":)" +
               one_of({"0", "1000000000", "-1"}) + "}";
      case 7:
        return R"({"class":"DEVICES","devices":)" +
               one_of({"[]", "[1]", "[[]]", "{}", "null", R"([{"activated":3}])"}) + "}";
      case 8: {
        std::string text;  // of code points up to U+04FF, in UTF-8
        for (auto n = below(200); n > 0; --n) {
          const auto point = 1 + below(0x4ff);
          if (point >= 0x80) text += static_cast<char>(0xc0 | point >> 6);
          text += static_cast<char>(point < 0x80 ? point : 0x80 | (point & 0x3f));
        }
        return text;
      }
      default:
        return R"({"class":"PPS","real_sec":1,"real_nsec":0,"clock_sec":1,"clock_nsec":0,"precision":-20})";
    }
  }

  /// An event with clocks at random.
  std::string line() {
    const auto at =
        R"("system":")" +
        one_of({"0.000000000", "-1000000000.000000000", "9223372036.854775808",
                "10000000000000000.000000000", "1795341600.000000000"}) +
        R"(","monotonic":")" +
        one_of({"0.000000000", "1000.000000000", "4611686018.427387904", "-0.000000005"}) + "\"}";
    switch (below(7)) {
      case 0:
        return R"({"event":"gpsd","line":)" + json_quote(junk()) + "," + at;
      case 1:
        return R"({"event":"pulse","stamp":")" +
               one_of({"0.000000000", "9223372036.854775808", "-1000000000000000000000.000000000",
                       "1795341600.000000000"}) +
               R"(","sequence":)" + one_of({"0", "4294967296", "9223372036854775808", "7"}) + "," +
               at;
      case 2:
        return R"({"event":"tick","synchronised":true,"maxerror":")" +
               one_of({"0.000000000", "-0.000000001", "1000000000000000000000.000000000"}) + "\"," +
               at;
      case 3:
        return R"({"event":"start","version":1,)" + at;
      case 4:
        return R"({"event":"news","of":"the future",)" + at;
      case 5:
        return R"({"event":"pps_lost",)" + at;
      default:
        return R"({"event":"gpsd_lost",)" + at;
    }
  }

 private:
  std::mt19937 random_;
};

/// A minute of a healthy world with forty lines inserted, and a blank one.
std::vector<std::string> hostile_log(unsigned seed) {
  Hostile hostile{seed};
  auto world = changed(nothing);
  world.seed = seed;
  std::vector<std::string> lines{start_line(world)};
  for (const auto& event : world.live(60)) lines.push_back(logged(event));
  const auto insert = [&](std::string line, std::size_t at) {
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), std::move(line));
  };
  for (int i = 0; i < 40; ++i) {
    auto line = hostile.line();
    insert(std::move(line), 1 + hostile.below(lines.size() - 1));
  }
  insert("", hostile.below(lines.size()));
  return lines;
}

}  // namespace

TEST_CASE("every pulse of a hostile log has one decision", "[replay]") {
  for (int seed = 0; seed < seeds(60); ++seed) {
    INFO("seed " << seed);
    Replay replay;
    int pulses = 0;
    int samples = 0;
    for (const auto& line : hostile_log(static_cast<unsigned>(seed))) {
      std::string out;
      REQUIRE(replay.line(line, out));
      std::vector<std::string> decisions;
      for (std::size_t begin = 0; begin < out.size(); begin = out.find('\n', begin) + 1) {
        decisions.push_back(out.substr(begin, out.find('\n', begin) - begin));
        if (is_state(decisions.back())) decisions.pop_back();
      }
      const bool pulse = line.find(R"("event":"pulse")") != std::string::npos;
      REQUIRE(decisions.size() == (pulse ? 1 : 0));
      if (!pulse) continue;
      ++pulses;
      REQUIRE(member(decisions[0], "stamp") == member(line, "stamp"));
      REQUIRE(member(decisions[0], "sequence") == member(line, "sequence"));
      if (member(decisions[0], "decision") == "sample") ++samples;
    }
    const auto summary = replay.summary();
    CHECK(member(summary, "pulses") == std::to_string(pulses));
    CHECK(member(summary, "samples") == std::to_string(samples));
  }
}
