// ntsbox-status: whether the time of this server is good, and why.

#include <unistd.h>

#include <array>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

#include "contract/constants.h"
#include "posix/clock.h"
#include "posix/command_line.h"
#include "posix/file.h"
#include "posix/process.h"
#include "status/core/render.h"
#include "status/io/gather.h"
#include "status/io/gpsd_restart.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::status;
using diagnose::Grade;

constexpr char footer[] =
    "Exit status: 0 well, 1 degraded, 2 not serving good time, 3 unknown.\n"
    "Run as root it also shows what chronyd answers to root alone; for other users that comes "
    "from\n"
    "ntsbox-status.timer.\n";

struct Options {
  bool watch = false, json = false, prometheus = false, collect = false, no_color = false;
  std::string gpsd_restart;     // the file that remembers the last one
  std::int64_t stuck_for = 60;  // seconds
  double every = 2, limit = std::chrono::duration<double>{contract::good_time}.count();
  std::string output;
};

constexpr int unknown = static_cast<int>(Grade::unknown);
const ProgramFrame frame{"ntsbox-status", unknown, unknown};

nanoseconds in_nanoseconds(double value) {
  return nanoseconds{std::llround(value * 1e9)};
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return std::string{name.data()};
}

bool in_colour(const Options& options) {
  return ::isatty(STDOUT_FILENO) == 1 && options.output.empty() && !options.no_color &&
         std::getenv("NO_COLOR") == nullptr;
}

std::string rendered(const Options& options, const diagnose::View& view,
                     const diagnose::Health& health) {
  if (options.json) return in_json(view, health);
  if (options.prometheus) return in_metrics(view, health);
  return in_screen(view, health, host_name(), in_colour(options));
}

/// Once: what is to be shown, and the exit status.
Result<std::pair<std::string, int>> look_once(const Options& options) {
  TRY(const auto evidence, gather());
  const auto view = diagnose::look(evidence);
  const auto health = diagnose::health_of(view, in_nanoseconds(options.limit));
  return std::pair{rendered(options, view, health), static_cast<int>(health.grade)};
}

int collect_for_all() {
  const auto collection = collect();
  if (!collection) return frame.error(collection.error().message);
  const auto replaced = replace_file(contract::collection_file, to_json(*collection));
  if (!replaced) return frame.error(replaced.error().message);
  const auto line = served_line(*collection);
  if (line.empty()) return 0;
  const auto kept = keep_served(collection->written, line, contract::served_waiting_file,
                                contract::served_folder);
  return kept ? 0 : frame.error(kept.error().message);
}

int decide_restart(const Options& options) {
  const auto due =
      gpsd_restart_is_due(contract::status_file, options.gpsd_restart, seconds{options.stuck_for});
  if (!due) return frame.error(due.error().message);
  if (!*due) return 1;
  std::cerr << "gpsd is stuck (stuck-time, for " << options.stuck_for
            << " s): restarting it, at most once an hour\n";
  return 0;
}

int watch(const Options& options) {
  catch_stop_signals({SIGINT, SIGTERM});
  int status = unknown;
  std::cout << "\x1b[2J";
  while (!stop_requested()) {
    const auto looked = look_once(options);
    if (!looked) return frame.error(looked.error().message);
    status = looked->second;
    // In place: each line is cleared behind its end, and what was below the last one.
    std::string text = "\x1b[H";
    for (const char c : looked->first) text += c == '\n' ? std::string{"\x1b[K\n"} : std::string{c};
    std::cout << text << "\x1b[J" << std::flush;
    if (!std::cout) break;
    const auto until = monotonic_time() + in_nanoseconds(options.every);
    std::vector<pollfd> nothing;
    while (wait_for(nothing, until - monotonic_time()) && monotonic_time() < until) continue;
  }
  return status;
}

int run(const Options& options) {
  if (options.collect) return collect_for_all();
  if (!options.gpsd_restart.empty()) return decide_restart(options);
  if (options.watch) return watch(options);
  const auto looked = look_once(options);
  if (!looked) return frame.error(looked.error().message);
  const auto& [text, status] = *looked;
  if (options.output.empty()) {
    std::cout << text << std::flush;
    return status;
  }
  // A file that was written is a success, whatever stands in it.
  const auto replaced = replace_file(options.output, text);
  return replaced ? 0 : frame.error(replaced.error().message);
}

void add_options(CLI::App& app, Options& options) {
  auto* watch = app.add_flag("--watch", options.watch, "Repeat, in place, until interrupted");
  app.add_option("--every", options.every, "Interval of --watch, 0.2 to 86400 (default 2)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.2, 86'400.0))
      ->needs(watch);
  auto* json = app.add_flag("--json", options.json, "Print one JSON object")->excludes(watch);
  auto* prometheus = app.add_flag("--prometheus", options.prometheus,
                                  "Print metrics for node_exporter's textfile collector")
                         ->excludes(watch)
                         ->excludes(json);
  app.add_option("--output", options.output,
                 "Replace FILE in one step, and exit 0 when that is done")
      ->type_name("FILE")
      ->excludes(watch);
  app.add_option("--limit", options.limit,
                 "Maximum error of good time, 1e-06 to 1e+06 (default 0.05)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1e-6, 1e6));
  app.add_flag("--collect", options.collect,
               "As root or _chrony: store for all users what chronyd answers to these alone")
      ->excludes(watch)
      ->excludes(json)
      ->excludes(prometheus);
  auto* restart = app.add_option("--gpsd-restart", options.gpsd_restart,
                                 "Exit 0 when gpsd is to be restarted; FILE remembers the last one")
                      ->type_name("FILE")
                      ->excludes(watch)
                      ->excludes(json)
                      ->excludes(prometheus);
  app.add_option("--stuck-for", options.stuck_for,
                 "For how long it must be stuck, 0 to 86400 (default 60)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, 86'400))
      ->needs(restart);
  app.add_flag("--no-color", options.no_color, "No colours");
}

}  // namespace

int main(int argc, char** argv) {
  return frame.run([&] {
    Options options;
    CLI::App app{"Shows whether the time of this server is good, and why.", "ntsbox-status"};
    frame.prepare(app, footer);
    add_options(app, options);
    if (const auto status = frame.parse(app, argc, argv)) return *status;
    return run(options);
  });
}
