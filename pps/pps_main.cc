// ntsbox-pps: a bench without an oscilloscope. Pulses made, compared, and echoed.

#include <csignal>
#include <iostream>
#include <string>

#include "posix/command_line.h"
#include "posix/stop.h"
#include "pps/io/comparer.h"
#include "pps/io/generator.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::pps;
using driver::PulseSource;

constexpr int done = 0;
const ProgramFrame frame{"ntsbox-pps"};

constexpr char footer[] =
    "Outputs: gpio:NAME (as gpio:GPIO17), gpio:/dev/gpiochipN:LINE, serial:DEVICE:dtr, "
    "serial:DEVICE:rts,\n"
    "stream:PATH. Sources: /dev/ppsN, phc:/dev/ptpN:PIN, stream:PATH.\n"
    "\n"
    "Examples:\n"
    "  ntsbox-pps generate gpio:GPIO17                  a pulse at each second, until SIGTERM or "
    "SIGINT\n"
    "  ntsbox-pps compare /dev/pps0 /dev/pps1 --seconds 600\n"
    "  ntsbox-pps echo gpio:GPIO17 /dev/pps0            with a wire from GPIO 17 to the pulse's "
    "pin\n"
    "\n"
    "Exit status: 0 done, 1 cannot go on, 2 usage.\n";

struct Options {
  bool json = false;
  std::string output, source, other;
  GeneratorOptions generator;
  double spin_us = 200, latest_us = 1000, width_ms = 100, seconds = 60, patience = 10;
  std::int64_t count = 0, echoes = 60;
  bool clear_a = false, clear_b = false;
};

void say(const std::string& line) {
  std::cerr << "ntsbox-pps: " + line + "\n";
}

nanoseconds of(double value, nanoseconds unit) {
  return nanoseconds{static_cast<std::int64_t>(value * static_cast<double>(unit.count()))};
}

template <class Report>
void print(const Options& options, const Report& report) {
  std::cout << (options.json ? in_json(report) : in_words(report)) << std::flush;
}

/// A source as the daemon's settings name it.
Result<PulseSource> source_named(const std::string& text, bool clear) {
  auto source = driver::pulse_source(text);
  if (!source) return fail(text + ": a source is " + std::string{driver::pulse_source_shape});
  if (clear && !driver::choose_edge(*source, driver::CaptureEdge::clear))
    return fail(text + ": a stream has no edges to choose from");
  return *source;
}

GeneratorOptions generator_options(const Options& options, std::int64_t count) {
  auto chosen = options.generator;
  chosen.schedule = {of(options.spin_us, 1us), of(options.latest_us, 1us),
                     of(options.width_ms, 1ms)};
  if (count > 0) chosen.count = count;
  return chosen;
}

/// Makes pulses, and hears them when there is a listener; what became of them is in `report`.
int make_pulses(const Options& options, const GeneratorOptions& how, Listener* listener,
                EchoReport& report) {
  Timekeeper clock;
  if (!how.unsynchronised && !clock.synchronised())
    return frame.error(
        "the system clock is not synchronised, so its seconds are nobody's: wait for "
        "chronyd (chronyc "
        "tracking; it needs rtcsync), or give --unsynchronised");
  const auto output = parse_output(options.output);
  if (!output) return frame.error(frame.usage, output.error().message);
  auto line = open_line(*output);
  if (!line) return frame.error(line.error().message);
  const bool real_time = be_punctual();
  const auto idle = [&](nanoseconds patience) {
    std::vector<pollfd> polled;
    (*line)->watch(polled);
    if (listener) listener->watch(polled);
    const bool go_on = wait_for(polled, patience);
    (*line)->serve();
    if (listener) listener->attend();
    return go_on;
  };
  Generator generator{how, **line, clock, idle, say};
  const auto ran = generator.run();
  report.made = generator.report();
  report.made.output = options.output;
  report.made.real_time = real_time;
  if (listener) report.latency = latency_of(generator.edges(), listener->stamps());
  return ran ? done : frame.error(ran.error().message);
}

int generate(const Options& options) {
  EchoReport report;
  const int status =
      make_pulses(options, generator_options(options, options.count), nullptr, report);
  if (status == done) print(options, report.made);
  return status;
}

int compare(const Options& options) {
  const auto a = source_named(options.source, options.clear_a);
  const auto b = source_named(options.other, options.clear_b);
  for (const auto* source : {&a, &b})
    if (!*source) return frame.error(frame.usage, source->error().message);
  const auto listened =
      listen_to_both({*a, *b, of(options.seconds, 1s), of(options.patience, 1s)}, say);
  print(options, listened.report);
  if (!listened.trouble.empty()) return frame.error(listened.trouble);
  return listened.report.found.phases.empty() ? frame.error("nothing was compared") : done;
}

int echo(const Options& options) {
  const auto source = source_named(options.source, options.clear_a);
  if (!source) return frame.error(frame.usage, source.error().message);
  auto how = generator_options(options, options.echoes);
  how.unsynchronised = true;  // both ends are stamped by one clock, whatever it says
  Listener listener{*source, say};
  EchoReport report;
  report.source = options.source;
  const int status = make_pulses(options, how, &listener, report);
  if (status != done) return status;
  print(options, report);
  return report.latency && is_plausible(*report.latency) ? done
                                                         : frame.error("no latency was measured");
}

CLI::Option* add_number(CLI::App& app, const std::string& name, double& value, double least,
                        double most, const std::string& unit, const std::string& help) {
  return app.add_option(name, value, help)->type_name(unit)->check(CLI::Range(least, most));
}

void add_making(CLI::App& app, Options& options) {
  app.add_option("OUTPUT", options.output, "Where the pulses go")->required();
  add_number(app, "--spin", options.spin_us, 10, 5000, "MICROSECONDS",
             "Look at the clock without rest for so long before a second (200)");
  add_number(app, "--latest", options.latest_us, 1, 100'000, "MICROSECONDS",
             "Leave a pulse out that would come later (1000)");
  add_number(app, "--width", options.width_ms, 1, 500, "MILLISECONDS",
             "How long the line stays up (100)");
}

void add_commands(CLI::App& app, Options& options) {
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--json", options.json, "One JSON object, for programs");
  auto* generate =
      app.add_subcommand("generate", "Put a pulse on a line at each second of the system clock");
  add_making(*generate, options);
  generate->add_option("--count", options.count, "Stop after so many seconds (never)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000'000));
  generate->add_flag("--unsynchronised", options.generator.unsynchronised,
                     "Also while the kernel's clock status says so");
  auto* compare = app.add_subcommand("compare", "Tell how far the pulses of two sources are apart");
  compare->add_option("A", options.source, "A source")->required();
  compare->add_option("B", options.other, "Another")->required();
  add_number(*compare, "--seconds", options.seconds, 1, 1e8, "SECONDS", "For how long (60)");
  add_number(*compare, "--patience", options.patience, 2, 1e6, "SECONDS",
             "Give up when a source is silent for so long (10)");
  compare->add_flag("--clear-a", options.clear_a, "The falling edge of A");
  compare->add_flag("--clear-b", options.clear_b, "The falling edge of B");
  auto* echo = app.add_subcommand(
      "echo", "Measure this machine's interrupt latency, by a wire from a line to a source");
  add_making(*echo, options);
  echo->add_option("SOURCE", options.source, "Where they come back")->required();
  echo->add_option("--count", options.echoes, "How many pulses (60)")
      ->type_name("N")
      ->check(CLI::Range(10, 86'400));
  echo->add_flag("--clear", options.clear_a, "The falling edge of SOURCE");
}

}  // namespace

int main(int argc, char** argv) {
  return frame.run([&] {
    Options options;
    CLI::App app{"A bench without an oscilloscope: pulses made, compared, and echoed.",
                 "ntsbox-pps"};
    frame.prepare(app, footer);
    add_commands(app, options);
    if (const auto status = frame.parse(app, argc, argv)) return *status;
    catch_stop_signals({SIGINT, SIGTERM});
    if (app.got_subcommand("generate")) return generate(options);
    return app.got_subcommand("compare") ? compare(options) : echo(options);
  });
}
