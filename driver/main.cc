// ntsboxd: gpsd's JSON and the kernel's PPS in, numbered and verified refclock samples out to
// chronyd.

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "contract/constants.h"
#include "driver/core/health.h"
#include "driver/io/files.h"
#include "driver/io/loop.h"
#include "posix/command_line.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::driver;

constexpr int stopped_as_asked = 0;
const ProgramFrame frame{"ntsboxd"};

constexpr char examples[] =
    "Examples:\n"
    "  ntsboxd                              run with /etc/ntsbox/ntsboxd.toml\n"
    "  ntsboxd --config my.toml --check     say what is wrong with a configuration\n"
    "  ntsboxd --record today.jsonl         run, and record every event\n"
    "  ntsboxd --replay today.jsonl         print what would be decided about them\n"
    "\n"
    "Exit status: 0 stopped as asked, 1 cannot go on, 2 usage, bad configuration or malformed "
    "log.\n"
    "SIGHUP reads the configuration again; a bad one is refused and the old one stays in force.\n";

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>{value} : std::nullopt;
}

int run(LoopOptions options, const std::string& record_path) {
  const auto claim = claim_instance(options.settings.status_file);
  if (!claim) return frame.error(claim.error().message);
  if (!record_path.empty()) {
    auto recorder = Recorder::open(record_path);
    if (!recorder) return frame.error(recorder.error().message);
    options.recorder = std::move(*recorder);
  }
  log(Priority::notice, "ntsboxd " + std::string{version()} + " starts");
  const auto ran = run_loop(std::move(options),
                            Notify{environment("NOTIFY_SOCKET"), environment("WATCHDOG_USEC"),
                                   environment("WATCHDOG_PID")});
  return ran ? stopped_as_asked : frame.error(ran.error().message);
}

int run_command(int argc, char** argv) {
  std::string config;
  std::string record_path;
  std::string replay_path;
  bool check = false;
  CLI::App app{
      "Feeds chronyd with the time of a GPS receiver: gpsd's JSON and the kernel's PPS in, "
      "numbered and\n"
      "verified refclock samples out. Wrong time is worse than no time.",
      "ntsboxd"};
  frame.prepare(app, examples);
  app.add_option("--config", config,
                 std::string{"Settings (default "} + contract::daemon_settings + ")");
  auto* checking =
      app.add_flag("--check", check, "Read the settings, say what is wrong with them, and exit");
  auto* recording =
      app.add_option("--record", record_path, "Also append every event to FILE")->type_name("FILE");
  app.add_option("--replay", replay_path,
                 "Read events from FILE (- is standard input), print the decisions, and exit")
      ->type_name("FILE")
      ->excludes(checking)
      ->excludes(recording);
  if (const auto status = frame.parse(app, argc, argv)) return *status;
  if (!replay_path.empty()) {
    const auto replayed = replay_file(replay_path);
    return replayed ? stopped_as_asked : frame.error(frame.usage, replayed.error().message);
  }
  LoopOptions options;
  options.settings_must_exist = !config.empty();
  options.settings_path = config.empty() ? contract::daemon_settings : config;
  auto settings = read_settings(options.settings_path, options.settings_must_exist);
  if (!settings) return frame.error(frame.usage, settings.error().message);
  if (check) {
    std::cout << options.settings_path << ": good\n";
    return stopped_as_asked;
  }
  options.settings = std::move(*settings);
  return run(std::move(options), record_path);
}

}  // namespace

int main(int argc, char** argv) {
  log_to_journal(std::getenv("JOURNAL_STREAM") != nullptr);
  return frame.run([&] { return run_command(argc, argv); });
}
