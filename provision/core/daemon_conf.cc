#include "provision/core/daemon_conf.h"

#include <fmt/format.h>

#include "base/json.h"
#include "provision/core/validate.h"

namespace ntsbox::provision {

std::string render_daemon_settings(const std::string& receiver, const std::string& pulse,
                                   LatenessMode lateness, const BoardTraits& traits) {
  const bool own = !clock_of_pulse(pulse) && pulse.rfind("stream:", 0) != 0;
  return fmt::format(
      "# Written by ntsbox-provision; ntsboxd.toml(5) tells what else there is.\n"
      "[gpsd]\n"
      "device = {}\n"
      "\n"
      "[pulse]\n"
      "source = {}\n"
      "edge = \"assert\"\n"
      "lateness = {}\n"
      "# As measured on such boards; `ntsbox-pps echo` measures this one.\n"
      "latency_ns = {}\n"
      "latency_uncertainty_ns = {}\n",
      json_quote(receiver), json_quote(pulse), json_quote(name_of(lateness)),
      own ? traits.latency_us * 1000 : 0, traits.latency_uncertainty_us * 1000);
}

// PPS devices are numbered as they come: a network card's clock or a line discipline may be pps0.
// The overlay's is named after its node, "pps@" and the GPIO in hexadecimal; where a kernel names
// it otherwise, "pps…" is still none of the others.
std::string render_pulse_rule(int gpio) {
  return fmt::format(
      "# Written by ntsbox-provision.\n"
      "SUBSYSTEM==\"pps\", ATTR{{name}}==\"pps*\", SYMLINK+=\"ntsbox-pps\"\n"
      "SUBSYSTEM==\"pps\", ATTR{{name}}==\"pps@{:x}.*\", OPTIONS+=\"link_priority=10\"\n",
      gpio);
}

std::string render_clock_rule(const std::string& clock) {
  return fmt::format(
      "# Written by ntsbox-provision.\n"
      "SUBSYSTEM==\"ptp\", KERNEL==\"{}\", GROUP=\"_ntsbox\", MODE=\"0660\"\n",
      clock);
}

}  // namespace ntsbox::provision
