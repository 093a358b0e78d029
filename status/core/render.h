#pragma once
// What ntsbox-status prints: one screen, one JSON object, or metrics.

#include <string>

#include "diagnose/checks.h"

namespace ntsbox::status {

/// One screen: lines of 79 characters at most, printable ASCII; in colour when asked.
[[nodiscard]] std::string in_screen(const diagnose::View& view, const diagnose::Health& health,
                                    const std::string& host, bool colour);

/// One JSON object and a newline; docs/monitoring/README.md lists its members.
[[nodiscard]] std::string in_json(const diagnose::View& view, const diagnose::Health& health);

/// One line of docs/history.md: whom chronyd served. Empty when the collection does not have it.
[[nodiscard]] std::string served_line(const diagnose::Collection& collection);

/// Prometheus' text format, for node_exporter's textfile collector.
[[nodiscard]] std::string in_metrics(const diagnose::View& view, const diagnose::Health& health);

}  // namespace ntsbox::status
