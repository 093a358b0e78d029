// ntsbox-pps: generates pulses, compares those of two sources, and measures the timestamp latency.

#include <csignal>
#include <iostream>
#include <string>

#include "posix/command_line.h"
#include "posix/process.h"
#include "pps/io/generator.h"
#include "pps/io/listener.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::pps;

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
    "  ntsbox-pps loopback gpio:GPIO17 /dev/pps0        with a wire from GPIO 17 to the pulse's "
    "pin\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage error.\n";

struct Options {
  bool json = false;
  std::string output, source, other;
  GeneratorOptions generator;
  double spin_us = 200, latest_us = 1000, width_ms = 100, seconds = 60, patience = 10;
  std::int64_t count = 0, loopback_count = 60;
  bool clear_a = false, clear_b = false;
};

void report_line(const std::string& line) {
  std::cerr << "ntsbox-pps: " + line + "\n";
}

nanoseconds of(double value, nanoseconds unit) {
  return nanoseconds{static_cast<std::int64_t>(value * static_cast<double>(unit.count()))};
}

template <class Report>
void print(const Options& options, const Report& report) {
  std::cout << (options.json ? in_json(report) : in_words(report)) << std::flush;
}

/// A source, named as in the settings of ntsboxd.
Result<PulseSource> source_named(const std::string& text, bool clear) {
  auto source = pulse_source(text);
  if (!source) return fail(text + ": a source is " + std::string{pulse_source_shape});
  if (clear && !choose_edge(*source, CaptureEdge::clear))
    return fail(text + ": a stream has no falling edge");
  return *source;
}

GeneratorOptions generator_options(const Options& options, std::int64_t count) {
  auto chosen = options.generator;
  chosen.schedule = {of(options.spin_us, 1us), of(options.latest_us, 1us),
                     of(options.width_ms, 1ms)};
  if (count > 0) chosen.count = count;
  return chosen;
}

/// Generates pulses, reads them back when there is a listener, and fills in `report`.
int generate_pulses(const Options& options, const GeneratorOptions& how, Listener* listener,
                    LoopbackReport& report) {
  Timekeeper clock;
  if (!how.unsynchronised && !clock.synchronised())
    return frame.error(
        "the system clock is not synchronised. Hint: wait for chronyd (chronyc tracking; "
        "chrony.conf needs rtcsync), or add --unsynchronised");
  const auto output = parse_output(options.output);
  if (!output) return frame.error(frame.usage, output.error().message);
  auto line = open_line(*output);
  if (!line) return frame.error(line.error().message);
  const bool real_time = take_real_time_priority();
  const auto idle = [&](nanoseconds patience) {
    std::vector<pollfd> polled;
    (*line)->watch(polled);
    if (listener) listener->watch(polled);
    const bool go_on = wait_for(polled, patience);
    (*line)->serve();
    if (listener) listener->attend();
    return go_on;
  };
  Generator generator{how, **line, clock, idle, report_line};
  const auto ran = generator.run();
  report.made = generator.report();
  report.made.output = options.output;
  report.made.real_time = real_time;
  if (listener) report.latency = latency_of(generator.edges(), listener->stamps());
  return ran ? done : frame.error(ran.error().message);
}

int generate(const Options& options) {
  LoopbackReport report;
  const int status =
      generate_pulses(options, generator_options(options, options.count), nullptr, report);
  if (status == done) print(options, report.made);
  return status;
}

int compare(const Options& options) {
  const auto a = source_named(options.source, options.clear_a);
  const auto b = source_named(options.other, options.clear_b);
  for (const auto* source : {&a, &b})
    if (!*source) return frame.error(frame.usage, source->error().message);
  const auto result =
      compare_sources({*a, *b, of(options.seconds, 1s), of(options.patience, 1s)}, report_line);
  print(options, result.report);
  if (!result.failure.empty()) return frame.error(result.failure);
  return result.report.found.phases.empty() ? frame.error("nothing was compared") : done;
}

int loopback(const Options& options) {
  const auto source = source_named(options.source, options.clear_a);
  if (!source) return frame.error(frame.usage, source.error().message);
  auto how = generator_options(options, options.loopback_count);
  how.unsynchronised = true;  // one clock stamps both ends, so it need not be right
  Listener listener{*source, report_line};
  LoopbackReport report;
  report.source = options.source;
  const int status = generate_pulses(options, how, &listener, report);
  if (status != done) return status;
  print(options, report);
  return report.latency && is_plausible(*report.latency) ? done
                                                         : frame.error("no latency was measured");
}

CLI::Option* add_number(CLI::App& app, const std::string& name, double& value, double least,
                        double most, const std::string& unit, const std::string& help) {
  return app.add_option(name, value, help)->type_name(unit)->check(CLI::Range(least, most));
}

void add_generation(CLI::App& app, Options& options) {
  app.add_option("OUTPUT", options.output, "Output of the pulses")->required();
  add_number(app, "--spin", options.spin_us, 10, 5000, "MICROSECONDS",
             "Poll the clock for so long before a second (200)");
  add_number(app, "--latest", options.latest_us, 1, 100'000, "MICROSECONDS",
             "Leave out a pulse that would be later than this (1000)");
  add_number(app, "--width", options.width_ms, 1, 500, "MILLISECONDS", "Length of a pulse (100)");
}

CLI::App* add_loopback(CLI::App& app, Options& options, const std::string& name) {
  auto* loopback = app.add_subcommand(
      name, "Measure this machine's timestamp latency, by a wire from an output to a source");
  add_generation(*loopback, options);
  loopback->add_option("SOURCE", options.source, "Source of the pulses that come back")->required();
  loopback->add_option("--count", options.loopback_count, "Number of pulses (60)")
      ->type_name("N")
      ->check(CLI::Range(10, 86'400));
  loopback->add_flag("--clear", options.clear_a, "Take the falling edge of SOURCE");
  return loopback;
}

void add_commands(CLI::App& app, Options& options) {
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--json", options.json, "Print one JSON object");
  auto* generate =
      app.add_subcommand("generate", "Generate a pulse at each second of the system clock");
  add_generation(*generate, options);
  generate->add_option("--count", options.count, "Stop after N seconds (never)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000'000));
  generate->add_flag("--unsynchronised", options.generator.unsynchronised,
                     "Generate pulses also while the clock is not synchronised");
  auto* compare =
      app.add_subcommand("compare", "Measure the time between the pulses of two sources");
  compare->add_option("A", options.source, "First source")->required();
  compare->add_option("B", options.other, "Second source")->required();
  add_number(*compare, "--seconds", options.seconds, 1, 1e8, "SECONDS", "How long to compare (60)");
  add_number(*compare, "--patience", options.patience, 2, 1e6, "SECONDS",
             "Stop when a source has no pulse for so long (10)");
  compare->add_flag("--clear-a", options.clear_a, "Take the falling edge of A");
  compare->add_flag("--clear-b", options.clear_b, "Take the falling edge of B");
  add_loopback(app, options, "loopback");
  add_loopback(app, options, "echo")->group("");  // its old name, which --help does not list
}

}  // namespace

int main(int argc, char** argv) {
  return frame.run([&] {
    Options options;
    CLI::App app{
        "Generate PPS pulses, compare those of two sources, and measure the timestamp latency.",
        "ntsbox-pps"};
    frame.prepare(app, footer);
    add_commands(app, options);
    if (const auto status = frame.parse(app, argc, argv)) return *status;
    catch_stop_signals({SIGINT, SIGTERM});
    if (app.got_subcommand("generate")) return generate(options);
    return app.got_subcommand("compare") ? compare(options) : loopback(options);
  });
}
