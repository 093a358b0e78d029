#pragma once
// Random sequences of events: a healthy world with small faults at random. A sequence that fails is
// shrunk to the faults that it needs.

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/scenarios/world.h"

namespace ntsbox::scenarios {

/// One thing that goes wrong, from a second on and for some.
struct Act {
  enum class Kind {
    label,    // TPV and TOFF wrong by `amount` s
    toff,     // TOFF alone
    latency,  // `amount` s of it
    mute,     // no messages
    no_fix,
    no_pulse,
    glitch,    // an edge more, `amount` after the second
    shift,     // the pulse is `amount` s late
    step,      // of the system clock, by `amount` s, `amount` after the second
    sleep,     // of the machine
    slew,      // by `amount` millionths
    handover,  // `amount` s late
    gpsd_lost,
    pps_lost,
    stranger,  // another receiver sends a message
    count,
  };

  Kind kind;
  int from;
  int length;
  double amount;
  double phase;  // within the second
};

struct Sequence {
  unsigned seed;
  std::int64_t start;
  bool raw;
  double latency;
  std::vector<Act> acts;
};

inline constexpr int known = 25;  // seconds until all pulses are sent

inline std::string name_of(const Act& act) {
  static constexpr const char* names[] = {
      "label", "toff",  "latency", "mute",     "no_fix",    "no_pulse", "glitch",  "shift",
      "step",  "sleep", "slew",    "handover", "gpsd_lost", "pps_lost", "stranger"};
  return std::string{"{Act::Kind::"} + names[static_cast<int>(act.kind)] + ", " +
         std::to_string(act.from) + ", " + std::to_string(act.length) + ", " +
         std::to_string(act.amount) + ", " + std::to_string(act.phase) + "},";
}

inline double uniform(std::mt19937& random, double from, double until) {
  return std::uniform_real_distribution<>{from, until}(random);
}

inline double amount_of(Act::Kind kind, std::mt19937& random) {
  const auto one_of = [&](std::vector<double> values) { return values[random() % values.size()]; };
  switch (kind) {
    case Act::Kind::label:
    case Act::Kind::toff:
      return one_of({1, -1, 2, -2, 5, -14, -16, 60, 3600, -86'400, 619'315'200, -619'315'200});
    case Act::Kind::latency:
      return one_of({0, 0.01, 0.5, 0.96, 1, 1.1, uniform(random, 0, 2), uniform(random, 1, 16)});
    case Act::Kind::glitch:
      return one_of({0.0004, 0.006, 0.1, 0.5, 0.9996, uniform(random, 1e-6, 1 - 1e-6)});
    case Act::Kind::shift:
      return one_of({1e-5, 3e-4, 4e-4, 0.002, 0.02, 0.1, uniform(random, 0, 0.3)});
    case Act::Kind::step:
      return one_of(
          {1, -1, 2, -2, 0.3, -0.3, 0.0025, -0.0025, 3600, -3600, uniform(random, -2, 2)});
    case Act::Kind::sleep:
      return one_of({0.1, 1, 2, 5, uniform(random, 0, 20)});
    case Act::Kind::slew:
      return one_of({200, -500, 20'000, -83'333, 83'333});
    case Act::Kind::handover:
      return one_of({0.001, 0.02, 0.3, 0.99, 1.01, uniform(random, 0, 3)});
    default:
      return 0;
  }
}

inline bool has_any(const Sequence& sequence, const std::vector<Act::Kind>& kinds) {
  return std::any_of(sequence.acts.begin(), sequence.acts.end(), [&](const Act& act) {
    return std::find(kinds.begin(), kinds.end(), act.kind) != kinds.end();
  });
}

/// Without raw time a slew and a pulse that runs off look the same: there the pulse does not.
inline bool can_be_told(Act::Kind kind, bool raw) {
  return raw || (kind != Act::Kind::shift && kind != Act::Kind::slew);
}

inline Sequence random_sequence(unsigned seed, int length) {
  std::mt19937 random{seed};
  Sequence sequence;
  sequence.seed = seed;
  // Now and then a month ends in it.
  sequence.start = random() % 8 == 0 ? 1'798'761'600 - static_cast<std::int64_t>(random() % 60)
                                     : a_morning + static_cast<std::int64_t>(random() % 30'000'000);
  sequence.raw = random() % 4 != 0;
  sequence.latency = uniform(random, 0.03, 0.93);
  for (auto n = 1 + random() % 8; n > 0; --n) {
    const auto kind = static_cast<Act::Kind>(random() % static_cast<unsigned>(Act::Kind::count));
    // Not before the second is known: until then a steady label cannot be checked.
    const Act act{kind, known + static_cast<int>(random() % static_cast<unsigned>(length - known)),
                  1 + static_cast<int>(random() % (random() % 2 == 0 ? 3 : 20)),
                  amount_of(kind, random), uniform(random, 0, 1)};
    if (can_be_told(kind, sequence.raw)) sequence.acts.push_back(act);
  }
  // Undetectable: a receiver that becomes late by whole seconds just when the machine has slept for
  // as many, or at a month's midnight. See docs/integrity.md.
  if (has_any(sequence, {Act::Kind::label, Act::Kind::toff, Act::Kind::latency})) {
    std::erase_if(sequence.acts, [](const Act& act) { return act.kind == Act::Kind::sleep; });
    if (sequence.start < a_morning + 3'500'000) sequence.start = a_morning;
  }
  // Without raw time an edge beside the pulse is within the budget of drift behind a gap.
  if (!sequence.raw && has_any(sequence, {Act::Kind::no_pulse}))
    std::erase_if(sequence.acts, [](const Act& act) { return act.kind == Act::Kind::glitch; });
  // Undetectable: a pulse that moves by as much as the machine has slept, or a clock that is
  // stepped back while it sleeps.
  if (has_any(sequence, {Act::Kind::shift, Act::Kind::glitch, Act::Kind::step, Act::Kind::slew}))
    std::erase_if(sequence.acts, [](const Act& act) { return act.kind == Act::Kind::sleep; });
  return sequence;
}

/// The sum of the amounts of the acts of this kind that are on in a second.
inline std::function<double(int)> sum_of(const Sequence& sequence, Act::Kind kind) {
  std::vector<Act> acts;
  for (const auto& act : sequence.acts)
    if (act.kind == kind) acts.push_back(act);
  return [acts](int s) {
    double sum = 0;
    for (const auto& act : acts)
      if (s >= act.from && s < act.from + act.length) sum += act.amount;
    return sum;
  };
}

inline std::function<bool(int)> any_of(const Sequence& sequence, Act::Kind kind) {
  auto marked = sequence;
  for (auto& act : marked.acts) act.amount = 1;
  return [sum = sum_of(marked, kind)](int s) { return sum(s) > 0; };
}

inline World world_of(const Sequence& sequence) {
  using Kind = Act::Kind;
  World world;
  world.seed = sequence.seed;
  world.start = sequence.start;
  world.raw = sequence.raw;
  world.cycle = 0.04;
  world.label = [sum = sum_of(sequence, Kind::label)](int s) {
    return static_cast<std::int64_t>(sum(s));
  };
  world.toff_label = [sum = sum_of(sequence, Kind::toff)](int s) {
    return static_cast<std::int64_t>(sum(s));
  };
  world.latency = [any = any_of(sequence, Kind::latency), sum = sum_of(sequence, Kind::latency),
                   usual = sequence.latency](int s) { return any(s) ? sum(s) : usual; };
  world.speaks = [any = any_of(sequence, Kind::mute)](int s) { return !any(s); };
  world.mode = [any = any_of(sequence, Kind::no_fix)](int s) { return any(s) ? 1 : 3; };
  world.pulse = [any = any_of(sequence, Kind::no_pulse)](int s) { return !any(s); };
  world.extra_edges = [any = any_of(sequence, Kind::glitch),
                       sum = sum_of(sequence, Kind::glitch)](int s) {
    const auto phase = sum(s);
    return any(s) && phase < 1 ? std::vector{phase} : std::vector<double>{};
  };
  world.pulse_delay = [sum = sum_of(sequence, Kind::shift)](int s) { return World::span(sum(s)); };
  world.handover = [late = sum_of(sequence, Kind::handover), shift = sum_of(sequence, Kind::shift)](
                       int s) { return 0.0001 + late(s) + shift(s); };
  for (const auto& act : sequence.acts) {
    const auto when = act.from + act.phase;
    if (act.kind == Kind::step) world.steps[when] = World::span(act.amount);
    if (act.kind == Kind::sleep) world.sleeps[when] = act.amount;
    if (act.kind == Kind::slew) world.slews.push_back({when, when + act.length, act.amount});
    if (act.kind == Kind::gpsd_lost)
      world.extras[when] = [](ClockReading at) { return driver::Event{at, driver::GpsdLost{}}; };
    if (act.kind == Kind::pps_lost)
      world.extras[when] = [](ClockReading at) { return driver::Event{at, driver::PpsLost{}}; };
    if (act.kind == Kind::stranger)
      world.extras[when] = [](ClockReading at) {
        return driver::Event{at, driver::GpsdReport{driver::FixReport{"/dev/ttyUSB0", 3, 0,
                                                                      std::nullopt, std::nullopt}}};
      };
  }
  return world;
}

/// Leaves out what the failure does not need: whole acts, then their length.
template <class Fails>
Sequence shrunk(Sequence sequence, const Fails& fails) {
  for (std::size_t i = 0; i < sequence.acts.size();) {
    auto smaller = sequence;
    smaller.acts.erase(smaller.acts.begin() + static_cast<std::ptrdiff_t>(i));
    if (fails(smaller))
      sequence = smaller;
    else
      ++i;
  }
  for (std::size_t i = 0; i < sequence.acts.size(); ++i) {
    auto smaller = sequence;
    while (smaller.acts[i].length > 1) {
      smaller.acts[i].length /= 2;
      if (!fails(smaller)) break;
      sequence = smaller;
    }
  }
  return sequence;
}

}  // namespace ntsbox::scenarios
