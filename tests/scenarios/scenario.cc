#include "tests/scenarios/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tests/scenarios/models.h"
#include "tests/scenarios/parameters.h"

namespace ntsbox::scenarios {
namespace {

struct Nature {
  std::string_view name;
  double shortest;  // seconds; 0: an instant
  double longest;
  bool contradicts = false;
};

constexpr std::array<Nature, fault_kinds> natures = {{
    {"no-pulse", 1, 1200},
    {"pulse-rate", 3, 600},
    {"other-edge", 3, 600, true},
    {"glitches", 3, 600},
    {"hum", 3, 120},
    {"late-interrupts", 3, 600},
    {"missed-edges", 3, 600},
    {"repeated-edges", 3, 600},
    {"pps-lost", 1, 600},
    {"sequence-restart", 0, 0},
    {"no-fix", 1, 4000},
    {"flapping-fix", 5, 600},
    {"silent-receiver", 1, 4000},
    {"no-toff", 3, 600},
    {"no-tpv", 3, 600},
    {"garbled-date", 1, 600, true},
    {"wrong-week", 1, 1200, true},
    {"slow-sentences", 3, 600, true},
    {"tardy-sentences", 60, 4000},
    {"stalled-sentences", 1, 15},
    {"several-receivers", 1, 600, true},
    {"gpsd-lost", 0.5, 600},
    {"clock-step", 0, 0},
    {"slew", 1, 60},
    {"stalled-loop", 0.2, 10},
    {"preempted", 1, 600},
    {"wrong-second", 1, 600, true},
    {"late-sentences", 1, 600, true},
}};

// Undetectable faults: the longest, and the least time between two of them.
constexpr double longest_undetectable = 50;
constexpr double between_undetectable = 400;

const Nature& nature_of(FaultKind kind) {
  return natures[static_cast<std::size_t>(kind)];
}

bool is_undetectable(FaultKind kind) {
  return kind == FaultKind::wrong_second || kind == FaultKind::late_sentences ||
         kind == FaultKind::other_edge;
}

template <std::size_t N>
double one_of(Random& random, const std::array<double, N>& choices) {
  return choices[static_cast<std::size_t>(random.below(static_cast<int>(N)))];
}

double either_sign(Random& random, double value) {
  return random.chance(0.5) ? value : -value;
}

double step(Random& random) {
  switch (random.below(4)) {
    case 0:
      return either_sign(random, random.uniform(0.002, 0.9));
    case 1:
      return either_sign(random, 1 + random.below(5));
    case 2:
      return either_sign(random, std::exp(random.uniform(0, 18)));
    default:
      return either_sign(random, random.uniform(0, 400e-6));
  }
}

double amount_of(FaultKind kind, Random& random) {
  switch (kind) {
    case FaultKind::pulse_rate:
      return one_of(random, std::array{0.5, 2.0, 5.0, 10.0});
    case FaultKind::other_edge:
      return random.chance(0.5) ? one_of(random, std::array{0.1, 0.2, 0.5, 0.9})
                                : random.uniform(0.08, 0.95);
    case FaultKind::glitches:
      return std::exp(random.uniform(std::log(0.1), std::log(10)));
    case FaultKind::hum:
      return one_of(random, std::array{50.0, 60.0, 100.0});
    case FaultKind::late_interrupts:
      return std::exp(random.uniform(std::log(0.0005), std::log(0.5)));
    case FaultKind::missed_edges:
    case FaultKind::repeated_edges:
    case FaultKind::no_toff:
    case FaultKind::no_tpv:
    case FaultKind::preempted:
      return random.uniform(0.02, 1);
    case FaultKind::tardy_sentences:
      return random.uniform(0.002, 0.1);
    case FaultKind::flapping_fix:
      return 1 + random.below(5);
    case FaultKind::garbled_date:
    case FaultKind::several_receivers:
      return either_sign(random, std::floor(std::exp(random.uniform(0.7, 20))));
    case FaultKind::wrong_week:
      return either_sign(random, 1 + random.below(3));
    case FaultKind::slow_sentences:
      return random.uniform(0.9, 1.6);
    case FaultKind::clock_step:
      return step(random);
    case FaultKind::slew:
      return either_sign(random, std::exp(random.uniform(std::log(10), std::log(83'000))));
    case FaultKind::wrong_second:
      return either_sign(random,
                         random.chance(0.7)
                             ? 1 + random.below(5)
                             : one_of(random, std::array{18.0, 3600.0, 86'400.0, 604'800.0}));
    case FaultKind::late_sentences:
      return random.uniform(0.3, 2);
    default:
      return 0;
  }
}

/// Draws faults one after another, and limits the undetectable ones.
class Composer {
 public:
  Composer(std::uint64_t seed, std::int64_t length)
      : random_(seed, 2, 0),
        length_(static_cast<double>(length)),
        parameters_(parameters_of(seed)),
        month_end_(static_cast<double>(first_month_end(parameters_.start))) {}

  std::vector<InjectedFault> compose() {
    std::vector<InjectedFault> faults;
    // A clock that is far off is stepped after the first samples.
    if (parameters_.clock_error < -1h)
      faults.push_back(instant(FaultKind::clock_step, random_.uniform(45, 90),
                               -static_cast<double>(parameters_.clock_error.count()) * 1e-9));
    const double which = random_.uniform();
    if (which >= 0.1) {
      const bool alone = which < 0.55;
      const auto kind = random_kind();
      const double gap = alone ? 900 : one_of(random_, std::array{60.0, 400.0, 2400.0});
      auto t = random_.exponential(gap);
      while (t < length_) {
        if (const auto fault = draw(alone ? kind : random_kind(), t)) faults.push_back(*fault);
        t += random_.exponential(gap);
      }
    }
    std::stable_sort(
        faults.begin(), faults.end(),
        [](const InjectedFault& a, const InjectedFault& b) { return a.from < b.from; });
    return faults;
  }

 private:
  static InjectedFault instant(FaultKind kind, double when, double amount) {
    return InjectedFault{kind, span(when), span(when), amount};
  }

  FaultKind random_kind() { return static_cast<FaultKind>(random_.below(fault_kinds)); }

  std::optional<InjectedFault> draw(FaultKind kind, double from) {
    const auto& nature = nature_of(kind);
    const bool touches_clock = kind == FaultKind::clock_step || kind == FaultKind::slew;
    if (parameters_.long_lies && touches_clock) return std::nullopt;
    // Without the raw clock an edge that is a millisecond late looks like a slew.
    if (kind == FaultKind::late_interrupts && !parameters_.raw) return std::nullopt;
    const double amount = amount_of(kind, random_);
    // Half of the steps come just after a pulse was stamped.
    if (nature.shortest == 0)
      return instant(kind, random_.chance(0.5) ? from : std::floor(from) + 50e-6, amount);
    const bool undetectable = is_undetectable(kind) && !parameters_.long_lies;
    const double longest = undetectable ? longest_undetectable : nature.longest;
    const double lasts = std::exp(random_.uniform(std::log(nature.shortest), std::log(longest)));
    if (undetectable) {
      const bool near_month_end = std::abs(from - month_end_) < between_undetectable;
      if (from < undetectable_from_ || near_month_end) return std::nullopt;
      undetectable_from_ = from + lasts + between_undetectable;
    }
    return InjectedFault{kind, span(from), span(from + lasts), amount};
  }

  Random random_;
  double length_;
  Parameters parameters_;
  double month_end_;
  double undetectable_from_ = 120;
};

std::optional<FaultKind> kind_named(std::string_view name) {
  for (std::size_t i = 0; i < natures.size(); ++i)
    if (natures[i].name == name) return static_cast<FaultKind>(i);
  return std::nullopt;
}

/// Takes the next word off the front of `text`.
std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

template <class Number>
bool read(std::string_view& text, Number& number) {
  const auto word = next_word(text);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size();
}

std::optional<InjectedFault> parse_fault(std::string_view text) {
  const auto kind = kind_named(next_word(text));
  std::int64_t from = 0;
  std::int64_t until = 0;
  double amount = 0;
  const bool good = read(text, from) && read(text, until) && read(text, amount);
  if (!kind || !good || !next_word(text).empty()) return std::nullopt;
  return InjectedFault{*kind, nanoseconds{from}, nanoseconds{until}, amount};
}

}  // namespace

std::string_view name_of(FaultKind kind) {
  return nature_of(kind).name;
}

bool contradicts(FaultKind kind) {
  return nature_of(kind).contradicts;
}

Scenario random_scenario(std::uint64_t seed, std::int64_t length) {
  return Scenario{seed, length, Composer{seed, length}.compose()};
}

std::string format_scenario(const Scenario& scenario) {
  auto text = fmt::format("seed {} length {}", scenario.seed, scenario.length);
  for (const auto& fault : scenario.faults)
    text += fmt::format("; {} {} {} {}", name_of(fault.kind), fault.from.count(),
                        fault.until.count(), fault.amount);
  return text;
}

Result<Scenario> parse_scenario(std::string_view text) {
  Scenario scenario;
  auto head = text.substr(0, text.find(';'));
  text.remove_prefix(head.size());
  const bool good = next_word(head) == "seed" && read(head, scenario.seed) &&
                    next_word(head) == "length" && read(head, scenario.length);
  if (!good || !next_word(head).empty())
    return fail("not a scenario: it begins with seed and length");
  while (!text.empty()) {
    text.remove_prefix(1);
    const auto part = text.substr(0, text.find(';'));
    text.remove_prefix(part.size());
    const auto fault = parse_fault(part);
    if (!fault) return fail(fmt::format("not a fault: {}", part));
    scenario.faults.push_back(*fault);
  }
  return scenario;
}

}  // namespace ntsbox::scenarios
