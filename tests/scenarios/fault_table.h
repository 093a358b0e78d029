#pragma once
// A table of named faults: what each one changes in a world, and what the bridge must do.

#include <optional>
#include <string>
#include <vector>

#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

namespace ntsbox::scenarios {

/// A fault lasts from second 100 to second 140.
inline constexpr int strikes = 100;
inline constexpr int heals = 140;

inline bool struck(int s) {
  return s >= strikes && s < heals;
}

/// A function of the second that is `inside` while the fault lasts.
template <class T>
auto meanwhile(T inside, T outside) {
  return [=](int s) { return struck(s) ? inside : outside; };
}

/// With every fault no sample is wrong, and all pulses are sent before it and from `recovery`
/// seconds after it. Besides:
struct Expected {
  enum class Meanwhile {
    silent,    // from 2 s after its begin nothing is sent
    harmless,  // at most `lost` pulses are not sent at all
    wary,      // any right sample may be sent
    never,     // it lasts from the start: nothing is ever sent
  };

  Meanwhile meanwhile;
  std::optional<Reason> reason;  // that must occur
  int recovery = 10;
  int lost = 0;
  std::optional<bool> raw;  // only with raw time, or only without it; else both
};

inline Expected silent(std::optional<Reason> reason = std::nullopt, int recovery = 10) {
  return {Expected::Meanwhile::silent, reason, recovery, 0, std::nullopt};
}

inline Expected harmless(int lost = 0, std::optional<Reason> reason = std::nullopt) {
  return {Expected::Meanwhile::harmless, reason, 0, lost, std::nullopt};
}

inline Expected wary(int recovery = 10) {
  return {Expected::Meanwhile::wary, std::nullopt, recovery, 0, std::nullopt};
}

inline Expected never(Reason reason) {
  return {Expected::Meanwhile::never, reason, 0, 0, std::nullopt};
}

inline Expected only_with_raw(Expected expected) {
  expected.raw = true;
  return expected;
}

struct Fault {
  std::string name;
  std::function<void(World&)> strike;
  Expected expected;
};

inline void check(const Fault& fault, bool raw) {
  constexpr int known = 30;  // from then on all pulses are sent, whatever the message delays
  World world;
  world.raw = raw;
  fault.strike(world);
  const auto& expected = fault.expected;
  const int healthy = heals + expected.recovery;
  const int length = healthy + 40;
  const auto outcome = live(world, length);
  INFO(fault.name << (raw ? ", on raw time" : ", without raw time"));
  INFO("first wrong in " << outcome.first_wrong << ", " << outcome.samples << " samples");
  CHECK(outcome.wrong == 0);
  if (expected.reason) CHECK(outcome.refused.count(*expected.reason) == 1);
  using Meanwhile = Expected::Meanwhile;
  if (expected.meanwhile == Meanwhile::never) {
    CHECK(outcome.samples == 0);
    return;
  }
  if (expected.meanwhile == Meanwhile::harmless) {
    CHECK(outcome.sent_between(known, length) >= length - known - expected.lost);
    return;
  }
  CHECK(outcome.sent_between(known, strikes) == strikes - known);
  if (expected.meanwhile == Meanwhile::silent) CHECK(outcome.sent_between(strikes + 3, heals) == 0);
  CHECK(outcome.sent_between(healthy, length) == length - healthy);
}

inline void check(const std::vector<Fault>& faults) {
  for (const auto& fault : faults) {
    if (fault.expected.raw.value_or(true)) check(fault, true);
    if (!fault.expected.raw.value_or(false)) check(fault, false);
  }
}

}  // namespace ntsbox::scenarios
