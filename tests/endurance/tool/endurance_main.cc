// Soak test: the bridge in thousands of simulated days, with random faults and known truth.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "driver/core/event_log.h"
#include "tests/endurance/trial.h"

using namespace ntsbox;
using namespace ntsbox::endurance;

namespace {

constexpr std::int64_t a_day = 86'400;
constexpr double least_served = 0.999;
constexpr std::size_t most_shown = 10;

struct Options {
  std::uint64_t days = 10'000;
  std::uint64_t first = 1;
  unsigned jobs = 0;
  double least_speed = 0;  // events a second of the bridge alone
  bool progress = false;
};

struct Failure {
  scenarios::Scenario scenario;
  Violation violation;
};

struct SoakResult {
  Tally tally;
  std::vector<Failure> failures;
  double seconds = 0;
};

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

SoakResult soak(const Options& options) {
  SoakResult result;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{0};
  const auto begin = std::chrono::steady_clock::now();
  const auto work = [&] {
    while (true) {
      const auto day = next++;
      if (day >= options.days) return;
      const auto scenario = scenarios::random_scenario(options.first + day, a_day);
      const auto trial = run_bridge(scenario);
      const std::lock_guard lock{mutex};
      result.tally.add(trial.tally);
      if (trial.first_violation) result.failures.push_back({scenario, *trial.first_violation});
      if (options.progress && day % 100 == 99)
        fmt::print(stderr, "\r{} of {} days, {} with a wrong sample", day + 1, options.days,
                   result.failures.size());
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.jobs; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  if (options.progress) fmt::print(stderr, "\n");
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

/// Events per second of CPU time of the bridge alone, with a healthy hour simulated before. (By the
/// time that passes it would depend on what else the machine does.)
double core_speed() {
  scenarios::Run run{{1, 3600, {}}};
  std::vector<driver::Event> events;
  while (const auto next = run.next()) events.push_back(next->event);
  std::uint64_t samples = 0;
  constexpr int rounds = 50;
  const auto begin = std::clock();
  for (int i = 0; i < rounds; ++i) {
    driver::Bridge bridge{options_of(run.parameters())};
    for (const auto& event : events) static_cast<void>(bridge.step(event));
    samples += bridge.counters().samples;
  }
  const auto took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  return samples == 0 ? 0 : rounds * static_cast<double>(events.size()) / took;
}

void print_classes(const Tally& tally) {
  fmt::print("{:<18} {:>9} {:>11} {:>8} {:>7} {:>7} {:>7}\n", "fault", "stretches", "seconds",
             "served", "wrong", "> 1 ms", "lost");
  for (std::size_t i = 0; i < scenarios::fault_kinds; ++i) {
    const auto& found = tally.classes[i];
    fmt::print("{:<18} {:>9} {:>11} {:>6.1f} % {:>7} {:>7} {:>7}\n",
               scenarios::name_of(static_cast<scenarios::FaultKind>(i)), found.stretches,
               found.seconds, percent(found.served, found.seconds), found.wrong, found.off,
               found.lost);
  }
}

int print(const SoakResult& result, const Options& options) {
  const auto& tally = result.tally;
  const double speed = core_speed();
  print_classes(tally);
  fmt::print("\ndays {}, events {}, pulses {}, samples {}\n", options.days, tally.events,
             tally.pulses, tally.samples);
  fmt::print("samples of a wrong second: {}\n", tally.wrong);
  fmt::print("samples off by more than 1 ms: {}\n", tally.off);
  fmt::print("healthy seconds served: {:.4f} % of {}\n",
             percent(tally.healthy_served, tally.healthy), tally.healthy);
  for (std::size_t i = 0; i < reason_count; ++i)
    if (tally.lost[i] > 0)
      fmt::print("  healthy and refused: {} {}\n", name_of(static_cast<Reason>(i)), tally.lost[i]);
  fmt::print("all seconds served: {:.2f} % of {}\n", percent(tally.served, tally.seconds),
             tally.seconds);
  fmt::print("{:.0f} s; the bridge alone: {:.1f} million events a second\n", result.seconds,
             speed * 1e-6);
  const bool well = tally.wrong == 0 && tally.off == 0 &&
                    percent(tally.healthy_served, tally.healthy) >= 100 * least_served &&
                    speed >= options.least_speed;
  fmt::print("{}\n", well ? "well" : "NOT WELL");
  return well ? 0 : 1;
}

std::optional<Violation> first_violation(const scenarios::Scenario& scenario) {
  return run_bridge(scenario).first_violation;
}

std::string in_words(const scenarios::Parameters& parameters) {
  return fmt::format("from {}, clock off by {} ns at first, {}, {}, crystal {:.0f} ppm{}",
                     format_iso_utc(parameters.start), parameters.clock_error.count(),
                     parameters.raw ? "raw clock" : "no raw clock",
                     parameters.witness ? "witness" : "no witness", parameters.ppm,
                     parameters.leap_at < 0 ? "" : fmt::format(", leap at {}", parameters.leap_at));
}

/// Prints the smallest scenarios that still fail, to be kept in regressions.
void print_failures(std::vector<Failure> failures) {
  std::sort(failures.begin(), failures.end(),
            [](const auto& a, const auto& b) { return a.scenario.seed < b.scenario.seed; });
  for (std::size_t i = 0; i < std::min(failures.size(), most_shown); ++i) {
    auto scenario = failures[i].scenario;
    scenario.length = std::min(scenario.length, failures[i].violation.second + 10);
    const auto small = shrink(scenario, first_violation);
    const auto violation = first_violation(small).value_or(failures[i].violation);
    fmt::print("# off by {} ns at second {}; {}\n{}\n", violation.error.count(), violation.second,
               in_words(scenarios::parameters_of(small.seed)), scenarios::format_scenario(small));
  }
  if (failures.size() > most_shown)
    fmt::print("# and {} other days\n", failures.size() - most_shown);
}

/// Prints each decision of one scenario.
int show_decisions(const std::string& text) {
  const auto scenario = scenarios::parse_scenario(text);
  if (!scenario) {
    fmt::print(stderr, "endurance: {}\n", scenario.error().message);
    return 2;
  }
  std::string out;
  const auto trial = run_bridge(*scenario, [&](const driver::Event& event, const auto& step) {
    const auto* pulse = std::get_if<driver::Pulse>(&event.what);
    if (step.state) driver::append_state(out, *step.state, event.at.monotonic);
    if (pulse)
      driver::append_decision(out, *step.decision,
                              format_decimal_seconds(pulse->stamp.time_since_epoch()), *pulse);
  });
  fmt::print("# {}\n{}", in_words(scenarios::parameters_of(scenario->seed)), out);
  if (!trial.lost.empty())
    fmt::print("# {} healthy seconds without a sample, from {} to {}\n", trial.lost.size(),
               trial.lost.front(), trial.lost.back());
  if (!trial.first_violation) return 0;
  fmt::print("# off by {} ns at second {}\n", trial.first_violation->error.count(),
             trial.first_violation->second);
  return 1;
}

/// Runs the scenarios of a file, one per line; "#" begins a comment. None may have a wrong sample,
/// or more than a few healthy seconds without a sample.
int run_again(const std::string& file) {
  constexpr std::size_t few = 10;
  std::ifstream in{file};
  int scenarios_run = 0;
  int failed = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    ++scenarios_run;
    const auto scenario = scenarios::parse_scenario(line);
    const auto trial = scenario ? run_bridge(*scenario) : Trial{};
    if (scenario && !trial.first_violation && trial.lost.size() <= few) continue;
    ++failed;
    fmt::print("{}: {} healthy seconds lost, {} wrong samples: {}\n", file, trial.lost.size(),
               trial.tally.wrong + trial.tally.off, scenario ? line : scenario.error().message);
  }
  fmt::print("{} scenarios, {} failed\n", scenarios_run, failed);
  return scenarios_run > 0 && failed == 0 ? 0 : 1;
}

int guarded_main(int argc, char** argv) {
  CLI::App app{
      "Run the bridge in simulated days with random faults, and compare its samples with the "
      "truth."};
  Options options;
  std::uint64_t seed = 0;
  std::string scenario;
  std::string file;
  app.add_option("--days", options.days, "number of simulated days")->capture_default_str();
  app.add_option("--first", options.first, "seed of the first day")->capture_default_str();
  app.add_option("--jobs", options.jobs, "threads (0: one per core)")->capture_default_str();
  app.add_flag("--progress", options.progress, "print the progress on standard error");
  app.add_option("--least-speed", options.least_speed,
                 "fail below so many events per second of CPU time");
  app.add_option("--scenarios,--lives", file, "run the scenarios of this file instead");
  app.add_option("--show", seed, "print the day with this seed as text");
  app.add_option("--scenario,--life", scenario, "run this one, and print each decision");
  CLI11_PARSE(app, argc, argv);
  if (options.jobs == 0) options.jobs = std::max(1U, std::thread::hardware_concurrency());
  if (seed != 0) {
    fmt::print("{}\n", scenarios::format_scenario(scenarios::random_scenario(seed, a_day)));
    return 0;
  }
  if (!scenario.empty()) return show_decisions(scenario);
  if (!file.empty()) return run_again(file);
  const auto result = soak(options);
  print_failures(result.failures);
  return print(result, options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return guarded_main(argc, argv);
  } catch (const std::exception& error) {
    (void)std::fputs(error.what(), stderr);
    return 1;
  }
}
