// ntsbox-sim: a simulated receiver whose true time is known: NMEA for gpsd on a pty, pulses on a
// stream.

#include <csignal>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "posix/command_line.h"
#include "sim/io/sim_loop.h"
#include "sim/io/sockets.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::sim;

constexpr int stopped = 0;
const ProgramFrame frame{"ntsbox-sim"};

constexpr char examples[] =
    "Examples:\n"
    "  ntsbox-sim --pty /tmp/gps --pulses /tmp/pulses.sock --truth /tmp/truth.jsonl\n"
    "  ntsbox-sim --pty /tmp/gps --pulses /tmp/pulses.sock --offset 0.005 --drift 12 --baud 9600\n"
    "  ntsbox-sim --pty /tmp/gps --control /tmp/sim.sock --at '60:fix off' --at '90:fix on'\n"
    "  ntsbox-sim --send /tmp/sim.sock fix off\n"
    "\n"
    "Exit status: 0 stopped by the user, 1 failed, 2 usage error.\n";

void report(const std::string& line) {
  std::cerr << "ntsbox-sim: " + line + "\n";
}

/// An option in decimal seconds, kept to the nanosecond.
void add_seconds(CLI::App& app, const std::string& name, nanoseconds& value, nanoseconds least,
                 nanoseconds most, const std::string& help) {
  const auto parse = [&value, least, most](const std::string& text) {
    const auto parsed = parse_seconds(text, least, most);
    if (!parsed) throw CLI::ValidationError(parsed.error().message);
    value = *parsed;
  };
  app.add_option_function<std::string>(name, parse, help)->type_name("SECONDS");
}

void add_schedule(CLI::App& app, std::vector<Scheduled>& schedule) {
  const auto parse = [&schedule](const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      auto parsed = parse_scheduled(text);
      if (!parsed) throw CLI::ValidationError("--at", parsed.error().message);
      schedule.push_back(std::move(*parsed));
    }
  };
  app.add_option_function<std::vector<std::string>>(
         "--at", parse, "Execute a command SECONDS after the start; repeatable")
      ->type_name("SECONDS:COMMAND")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_options(CLI::App& app, SimOptions& options) {
  auto& receiver = options.receiver;
  app.add_option("--pty", options.pty, "Write NMEA to a pty, and make LINK a symbolic link to it")
      ->type_name("LINK");
  app.add_option("--pulses", options.pulses, "Send the pulses on a Unix stream socket")
      ->type_name("PATH");
  app.add_option("--control", options.control, "Receive commands on a Unix datagram socket")
      ->type_name("PATH");
  app.add_option("--truth", options.truth, "Write one JSON line an edge")->type_name("FILE");
  add_seconds(app, "--offset", options.offset, -TrueTime::largest_offset, TrueTime::largest_offset,
              "True time minus system time at the start (0)");
  app.add_option("--drift", options.drift_ppm,
                 "How much faster true time runs than the system clock (0)")
      ->type_name("PPM")
      ->check(CLI::Range(-100000.0, 100000.0));
  add_seconds(app, "--latency", receiver.latency, 0s, largest_latency,
              "Delay from an edge to its sentences (0.15)");
  add_seconds(app, "--jitter", receiver.jitter, 0s, 1s, "Standard deviation of that delay (0)");
  std::function<void(const std::int64_t&)> nanosecond = [&receiver](std::int64_t ns) {
    receiver.pulse_jitter = nanoseconds{ns};
  };
  app.add_option_function("--pulse-jitter", nanosecond,
                          "Standard deviation of the edges, up to 100000000 (0)")
      ->type_name("NS")
      ->check(CLI::Range(0, 100'000'000));
  app.add_option("--pulse-shape", receiver.pulse_shape,
                 "late: edges are never early (default); gaussian: early or late")
      ->transform(CLI::Transformer(std::map<std::string, JitterShape>{
          {"late", JitterShape::late}, {"gaussian", JitterShape::gaussian}}))
      ->type_name("late|gaussian");
  app.add_option("--baud", options.baud,
                 "Speed of the simulated serial line (0: all bytes at once)")
      ->type_name("N")
      ->check(CLI::Range(0, 4'000'000));
  app.add_option("--rate", receiver.rate, "Fixes per second (1); pulses stay at 1 Hz")
      ->type_name("1|2|5|10")
      ->check(CLI::IsMember({1, 2, 5, 10}));
  app.add_option("--decimals", receiver.decimals, "Decimals of the seconds in the sentences (2)")
      ->type_name("2|3")
      ->check(CLI::IsMember({2, 3}));
  app.add_option("--seed", receiver.seed, "Seed of the random numbers (1)")->type_name("N");
  add_schedule(app, options.schedule);
}

int send(const std::string& path, const std::vector<std::string>& words) {
  const auto text = CLI::detail::join(words, " ");
  if (const auto command = parse_command(text); !command)
    return frame.error(frame.usage,
                       command.error().message + "; the commands are\n" + command_help);
  const auto sent = send_command(path, text);
  return sent ? stopped : frame.error(sent.error().message);
}

int run(SimOptions options) {
  const auto ran = simulate(std::move(options), report, [](const std::string& opened) {
    std::cout << "ready: " + opened + "\n" << std::flush;
  });
  return ran ? stopped : frame.error(ran.error().message);
}

int run_command(int argc, char** argv) {
  SimOptions options;
  std::string send_to;
  std::vector<std::string> words;
  CLI::App app{
      "Simulate a GPS receiver whose true time is known: NMEA for gpsd on a pty, pulses on a "
      "stream.",
      "ntsbox-sim"};
  frame.prepare(app, std::string{"Commands (--at, --send):\n"} + command_help + "\n" + examples);
  add_options(app, options);
  auto* sending = app.add_option("--send", send_to,
                                 "Send COMMAND to the simulator whose --control is PATH, and exit")
                      ->type_name("PATH");
  app.add_option("COMMAND", words, "With --send")->needs(sending);
  if (const auto status = frame.parse(app, argc, argv)) return *status;
  if (*sending) return send(send_to, words);
  if (options.pty.empty() && options.pulses.empty())
    return frame.error(frame.usage, "give --pty, --pulses or both; see --help");
  return run(std::move(options));
}

}  // namespace

int main(int argc, char** argv) {
  (void)std::signal(SIGPIPE, SIG_IGN);  // cannot fail for this signal
  return frame.run([&] { return run_command(argc, argv); });
}
