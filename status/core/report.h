#pragma once
// The same for machines.

#include <string>

#include "status/core/judge.h"

namespace ntsbox::status {

/// One JSON object and a newline; docs/monitoring/README.md lists its members.
[[nodiscard]] std::string in_json(const View& view, const Judgement& judgement);

/// Prometheus' text format, for node_exporter's textfile collector.
[[nodiscard]] std::string in_metrics(const View& view, const Judgement& judgement);

}  // namespace ntsbox::status
