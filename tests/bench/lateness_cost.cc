// What the lateness of lateness costs: the mean over pulses of the loaded model, in ns of CPU time
// a pulse, and how many there were.
//
//   lateness_cost PULSES

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <span>
#include <vector>

#include "tests/support/late_pulses.h"

int main(int argc, char** argv) {
  using namespace ntsbox;
  using namespace ntsbox::driver;
  using namespace ntsbox::driver::testing;
  const std::span arguments{argv, static_cast<std::size_t>(argc)};
  const auto count = argc > 1 ? std::strtoul(arguments[1], nullptr, 10) : 100'000;

  LatePulses source{LateModel::loaded, Wander::slow, 1};
  std::vector<LatePulses::Next> pulses;
  while (pulses.size() < count) pulses.push_back(source.next());

  Lateness lateness{LatenessMode::automatic};
  std::chrono::nanoseconds sum{};  // looked at, so that nothing is left out
  const auto begin = std::clock();
  for (const auto& pulse : pulses) sum += lateness.estimate(pulse.sample, pulse.edge);
  const double spent = 1e9 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  if (sum.count() == 0) return 1;
  fmt::print("{:.0f} {}\n", spent / static_cast<double>(pulses.size()), pulses.size());
}
