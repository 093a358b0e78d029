// What a plan makes of pulses that the board stamps late.

#include "tests/provision/support/machines.h"
#include "tests/provision/support/plans.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("chrony's refclock has the filter that goes with what ntsboxd does about late pulses",
          "[provision][plan]") {
  Settings settings;
  for (const auto mode : {LatenessMode::raw, LatenessMode::automatic}) {
    settings.lateness = mode;
    const auto made = good_plan(settings, fresh_pi());
    const bool line = mode == LatenessMode::automatic;
    CHECK_THAT(content(made, "/etc/chrony/chrony.conf"),
               ContainsSubstring(line ? " poll 1 filter 2 minsamples 12 precision 1e-6 "
                                      : " poll 3 filter 16 precision 1e-7 "));
    CHECK_THAT(content(made, "/etc/ntsbox/ntsboxd.toml"),
               ContainsSubstring("\nlateness = \"" + std::string{name_of(mode)} + "\"\n"));
  }
}

TEST_CASE("a board's latency is taken off its own pulses, and chrony tells what is left of it",
          "[provision][plan]") {
  Settings settings;
  const auto facts = fresh_pi(Board::pi5);
  const auto own = good_plan(settings, facts);
  CHECK_THAT(content(own, "/etc/ntsbox/ntsboxd.toml"),
             ContainsSubstring("\nlatency_ns = 12000\nlatency_uncertainty_ns = 8000\n"));
  CHECK_THAT(content(own, "/etc/chrony/chrony.conf"), ContainsSubstring(" delay 16e-6 "));
  settings.pulse = "stream:/run/ntsbox-sim/pulses.sock";
  settings.receiver = "/run/ntsbox-sim/gps";
  CHECK_THAT(content(good_plan(settings, facts), "/etc/ntsbox/ntsboxd.toml"),
             ContainsSubstring("\nlatency_ns = 0\n"));
}
