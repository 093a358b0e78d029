#!/usr/bin/env python3
"""Are the lines of what must not be wrong all run by the unit tests? Reads what a build with --coverage left behind.

Every file for itself: 95 % of what reads what others wrote, all of what decides whether a sample leaves."""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
READERS = ["base/json.cc", "base/time.cc", "certs/inspect.cc", "driver/core/event_log.cc", "driver/core/gpsd_report.cc",
           "driver/core/lines.cc", "driver/core/settings.cc",
           "contract/settings_table.cc", "provision/core/settings.cc"]
JUDGES = [f"driver/core/{name}" for name in (
    "bridge.cc", "bridge.h", "calendar.cc", "clock_checks.cc", "clock_checks.h", "edge_filter.cc", "edge_filter.h", "decision.h",
    "second_label.cc", "second_label.h", "phc_time.cc", "phc_time.h", "receiver_watch.cc", "receiver_watch.h")]
LEAST = {**dict.fromkeys(READERS, 95), **dict.fromkeys(JUDGES, 100)}


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    told = subprocess.run(
        ["gcovr", "--root", ROOT, "--object-directory", build, "--json", "--exclude-unreachable-branches", "--exclude-throw-branches",
         *(word for file in LEAST for word in ("--filter", re.escape(str(ROOT / file)) + "$")),
         *(build / folder for folder in ("base", "contract", "certs", "driver/core", "provision/core", "tests/CMakeFiles/driver_test.dir"))],
        capture_output=True, text=True, check=True)
    lines = {entry["file"]: [line for line in entry["lines"] if not line.get("gcovr/noncode")] for entry in json.loads(told.stdout)["files"]}
    short = []
    for file, least in sorted(LEAST.items()):
        missed = [line["line_number"] for line in lines.get(file, []) if line["count"] == 0]
        count = len(lines.get(file, []))
        if count == 0:
            print(f"{file:32} no line of it was ever built or run")
            short.append(file)
            continue
        share = 100 * (count - len(missed)) / count
        print(f"{file:32} {count:5} lines {share:6.1f} %  (at least {least} %)" + (f"  not run: {missed}" if missed else ""))
        if share < least:
            short.append(file)
    if short:
        sys.exit(f"not enough of their lines are run by tests: {', '.join(short)}")


if __name__ == "__main__":
    main()
