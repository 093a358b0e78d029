#include "driver/io/historian.h"

#include "posix/file.h"
#include "posix/log.h"

namespace ntsbox::driver {
namespace {

// The processor's on a Pi, and the first that the kernel has elsewhere.
constexpr char thermal_zone[] = "/sys/class/thermal/thermal_zone0/temp";
constexpr std::size_t longest_temperature = 64;

Surroundings surroundings(const Health& health) {
  Surroundings around;
  around.state = health.state;
  around.fix_mode = health.fix_mode;
  around.satellites_used = health.satellites_used;
  around.missed = health.counters->missed;
  if (const auto text = read_file(thermal_zone, longest_temperature))
    around.temperature = temperature_in(*text);
  return around;
}

}  // namespace

void Historian::tick(const Health& health, const Reading& at) {
  if (history_.due(at.monotonic)) add(health, at);
}

void Historian::stop(const Health& health, const Reading& at) {
  add(health, at);
  tell(file_.flush());
}

void Historian::add(const Health& health, const Reading& at) {
  const UtcSecond now{std::chrono::floor<seconds>(at.system.time_since_epoch())};
  tell(file_.add(now, history_.close(at, surroundings(health))));
}

/// Once, until it succeeds again.
void Historian::tell(const Result<bool>& written) {
  if (!written && !failed_) log(Priority::warning, "history: " + written.error().message);
  failed_ = !written || (failed_ && !*written);
}

}  // namespace ntsbox::driver
