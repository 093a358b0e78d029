// ntsbox-sim: a simulated receiver whose truth is known. Sentences for gpsd on a pty, pulses on a
// stream.

#include <csignal>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "lab/io/control_socket.h"
#include "lab/io/sim_loop.h"
#include "posix/command_line.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::lab;

constexpr int stopped_as_asked = 0;
const ProgramFrame frame{"ntsbox-sim"};

constexpr char examples[] =
    "Examples:\n"
    "  ntsbox-sim --pty /tmp/gps --pulses /tmp/pulses.sock --truth /tmp/truth.jsonl\n"
    "  ntsbox-sim --pty /tmp/gps --pulses /tmp/pulses.sock --offset 0.005 --drift 12 --baud 9600\n"
    "  ntsbox-sim --pty /tmp/gps --control /tmp/sim.sock --at '60:fix off' --at '90:fix on'\n"
    "  ntsbox-sim --send /tmp/sim.sock fix off\n"
    "\n"
    "Exit status: 0 asked to stop, 1 cannot go on, 2 usage.\n";

void say(const std::string& line) {
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
         "--at", parse, "A command, SECONDS after the start; repeatable")
      ->type_name("SECONDS:COMMAND")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_options(CLI::App& app, SimOptions& options) {
  auto& receiver = options.receiver;
  app.add_option("--pty", options.pty, "Write NMEA on a pty, and make LINK a symbolic link to it")
      ->type_name("LINK");
  app.add_option("--pulses", options.pulses, "Write the pulses on a Unix stream socket")
      ->type_name("PATH");
  app.add_option("--control", options.control, "Take commands on a Unix datagram socket")
      ->type_name("PATH");
  app.add_option("--truth", options.truth, "Write one JSON line an edge")->type_name("FILE");
  add_seconds(app, "--offset", options.offset, -TrueTime::largest_offset, TrueTime::largest_offset,
              "True time minus the system clock's, at the start");
  app.add_option("--drift", options.drift_ppm,
                 "By how much true time runs faster than the system clock")
      ->type_name("PPM")
      ->check(CLI::Range(-100000.0, 100000.0));
  add_seconds(app, "--latency", receiver.latency, 0s, largest_latency,
              "From a second's edge to its sentences (0.15)");
  add_seconds(app, "--jitter", receiver.jitter, 0s, 1s, "Of the latency: Gaussian sigma");
  std::function<void(const std::int64_t&)> nanosecond = [&receiver](std::int64_t ns) {
    receiver.pulse_jitter = nanoseconds{ns};
  };
  app.add_option_function("--pulse-jitter", nanosecond, "Of the edges: sigma, up to 100000000")
      ->type_name("NS")
      ->check(CLI::Range(0, 100'000'000));
  app.add_option("--pulse-shape", receiver.pulse_shape,
                 "late: never early (default); gaussian: both ways")
      ->transform(CLI::Transformer(std::map<std::string, JitterShape>{
          {"late", JitterShape::late}, {"gaussian", JitterShape::gaussian}}))
      ->type_name("late|gaussian");
  app.add_option("--baud", options.baud,
                 "Spread the sentences in time as a serial line would (0: at once)")
      ->type_name("N")
      ->check(CLI::Range(0, 4'000'000));
  app.add_option("--rate", receiver.rate, "Fixes a second (1); the pulse stays at 1 Hz")
      ->type_name("1|2|5|10")
      ->check(CLI::IsMember({1, 2, 5, 10}));
  app.add_option("--decimals", receiver.decimals, "Digits after the second in the sentences (2)")
      ->type_name("2|3")
      ->check(CLI::IsMember({2, 3}));
  app.add_option("--seed", receiver.seed, "Of all that is random (1)")->type_name("N");
  add_schedule(app, options.schedule);
}

int send(const std::string& path, const std::vector<std::string>& words) {
  const auto text = CLI::detail::join(words, " ");
  if (const auto command = parse_command(text); !command)
    return frame.error(frame.usage,
                       command.error().message + "; the commands are\n" + command_help);
  const auto sent = send_command(path, text);
  return sent ? stopped_as_asked : frame.error(sent.error().message);
}

int run(SimOptions options) {
  auto loop = SimLoop::make(std::move(options), say);
  if (!loop) return frame.error(loop.error().message);
  std::cout << "ready: " + loop->made() + "\n" << std::flush;
  const auto ran = loop->run();
  return ran ? stopped_as_asked : frame.error(ran.error().message);
}

int run_command(int argc, char** argv) {
  SimOptions options;
  std::string send_to;
  std::vector<std::string> words;
  CLI::App app{
      "A simulated GPS receiver whose truth is known: NMEA for gpsd on a pty, pulses on a stream.",
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
