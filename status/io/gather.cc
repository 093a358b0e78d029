#include "status/io/gather.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/chronyc.h"
#include "base/time.h"
#include "contract/constants.h"
#include "posix/clock.h"
#include "posix/daily_file.h"
#include "posix/file.h"
#include "posix/program.h"

namespace ntsbox::status {
namespace {

// chronyc tries three times, a second and more apart.
constexpr nanoseconds patience = 1500ms;

constexpr std::size_t longest_file = std::size_t{1} << 20;

// All clients that chronyd remembers: 30 000 with the clientloglimit of ntsbox-provision, 60 bytes
// each, and chronyc asks for eight at a time.
constexpr nanoseconds patience_for_clients = 10s;
constexpr std::size_t longest_clients = std::size_t{1} << 25;

Result<Ran> chronyc(const char* question) {
  return run_program({"chronyc", "-c", "-N", question}, {{}, -1, patience, false, longest_file});
}

/// Its output, when it succeeded and is whole.
std::optional<std::string> output_of(Ran ran) {
  return ran.status == 0 && ran.whole ? std::optional{std::move(ran.output)} : std::nullopt;
}

std::optional<std::int64_t> count_clients() {
  const auto ran = run_program({"chronyc", "-c", "-N", "clients"},
                               {{}, -1, patience_for_clients, false, longest_clients});
  if (!ran || ran->status != 0 || !ran->whole) return std::nullopt;
  return chronyc::clients_in(ran->output);
}

/// Empty when a file of a lesser user's cannot be read.
std::optional<std::string> foreign_text_of(const char* path) {
  auto text = read_foreign_file(path, longest_file);
  return text ? std::optional{std::move(*text)} : std::nullopt;
}

/// "" when there is no such file, empty when it cannot be read.
std::optional<std::string> text_of(const char* path) {
  if (::access(path, F_OK) != 0 && errno == ENOENT) return "";
  auto text = read_file(path, longest_file);
  return text ? std::optional{std::move(*text)} : std::nullopt;
}

}  // namespace

Result<diagnose::Collection> collect() {
  diagnose::Collection collection;
  for (auto [question, text] : {std::pair{"selectdata", &collection.selectdata},
                                std::pair{"authdata", &collection.authdata},
                                std::pair{"serverstats", &collection.serverstats}}) {
    TRY(auto answer, chronyc(question));
    auto output = output_of(std::move(answer));
    if (!output)
      return fail(std::string{"chronyd does not answer to chronyc "} + question +
                  ": is it running, and is this root or chronyd's user?");
    *text = std::move(*output);
  }
  collection.clients = count_clients();
  collection.certificate = text_of(contract::served_certificate);
  collection.written = system_second();
  return collection;
}

Result<diagnose::Evidence> gather() {
  diagnose::Evidence evidence;
  TRY(auto tracking, chronyc("tracking"));
  evidence.chronyc_there = tracking.status != cannot_run;
  evidence.tracking = output_of(std::move(tracking));
  if (evidence.tracking) {
    TRY(auto sources, chronyc("sources"));
    evidence.sources = output_of(std::move(sources));
  }
  if (::geteuid() == 0 && evidence.tracking)
    if (auto collection = collect()) evidence.collection = std::move(*collection);
  if (!evidence.collection)
    if (const auto text = foreign_text_of(contract::collection_file))
      evidence.collection = diagnose::parse_collection(*text);
  evidence.leap_table = text_of(leap_table_path);
  // The last of all, for it is the one that is out of date first.
  evidence.status = foreign_text_of(contract::status_file);
  evidence.now = system_time();
  return evidence;
}

Result<void> keep_served(UtcSecond when, const std::string& line, const std::string& waiting,
                         const std::string& folder) {
  const auto lines = read_foreign_file(waiting, longest_file).value_or("") + line;
  if (std::count(lines.begin(), lines.end(), '\n') < DailyFile::batch)
    return replace_file(waiting, lines);
  DailyFile file{folder, contract::history_days};
  TRY(file.add(when, lines));
  TRY(file.flush());
  return replace_file(waiting, "");
}

}  // namespace ntsbox::status
