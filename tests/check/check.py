#!/usr/bin/env python3
"""`make check`: fetches what is needed, builds, runs every test, and prints what that cost.

    check.py MAKE

The figures: the CPU time of all processes, and how long the tests wait that depend on each other and wait the longest, which no number of
processors makes shorter. Downloads are timed apart.
"""

import collections
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

RECORDS = pathlib.Path("build/check/records.jsonl")
LIMITS = {"cpu": 1100, "waiting": 240}


class Meter:
    """The CPU time of a command and of all that it starts: as its control group counts it, or as wait4(2) adds it up if that is more.

    A control group also counts processes whose parent died; a booted container may leave it, and is counted by wait4.
    """

    def __enter__(self):
        self.group = self.usage = None
        for folder, file, unit in places():
            with contextlib.suppress(OSError):
                folder.mkdir()
                self.group, self.usage, self.unit = folder, folder / file, unit
                break
        self.begin = time.monotonic()
        return self

    def run(self, *command):
        """Its exit status."""
        def enter():
            if self.group:
                with contextlib.suppress(OSError):
                    (self.group / "cgroup.procs").write_text(str(os.getpid()))
        child = subprocess.Popen(command, preexec_fn=enter)
        try:
            _, status, used = os.wait4(child.pid, 0)
        except KeyboardInterrupt:
            child.wait()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = max(used.ru_utime + used.ru_stime, self.counted())
        self.wall = time.monotonic() - self.begin
        return child.returncode

    def counted(self):
        if not self.usage:
            return 0
        text = self.usage.read_text()
        figure = dict(line.split() for line in text.splitlines()).get("usage_usec") if " " in text else text
        return int(figure) * self.unit

    def __exit__(self, *_):
        if self.group:
            with contextlib.suppress(OSError):  # what it started in the background is still there
                self.group.rmdir()


def places():
    """Where a control group could be made: (folder, its file with the CPU time, the file's unit in seconds)."""
    name = f"ntsbox-check-{os.getpid()}"
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        inner = path.strip("/")
        if "cpuacct" in controllers.split(","):
            yield pathlib.Path("/sys/fs/cgroup", controllers, inner, name), "cpuacct.usage", 1e-9
        elif not controllers:
            yield pathlib.Path("/sys/fs/cgroup", inner, name), "cpu.stat", 1e-6


def groups_of(tests):
    """Name -> the names of the tests that cannot run at the same time as it, or must run before or after it, and itself."""
    keys = collections.defaultdict(set)
    for test in tests:
        properties = {each["name"]: each["value"] for each in test.get("properties", [])}
        for kind in ("RESOURCE_LOCK", "FIXTURES_SETUP", "FIXTURES_REQUIRED", "FIXTURES_CLEANUP"):
            for value in properties.get(kind, []):
                keys["lock" if kind == "RESOURCE_LOCK" else "fixture", value].add(test["name"])
        for other in properties.get("DEPENDS", []):
            keys["test", test["name"]] |= {test["name"], other}
    groups = {test["name"]: {test["name"]} for test in tests}
    for members in keys.values():
        merged = set().union(*(groups[name] for name in members if name in groups))
        for name in merged:
            groups[name] = merged
    return groups


def longest_chain(tests, records):
    """(seconds of waiting, the tests' names) of the tests that follow each other and wait the longest in sum."""
    waits = {record["name"]: record["waited"] for record in records}
    chains = [(sum(waits.get(name, 0) for name in group), sorted(group)) for group in groups_of(tests).values()]
    return max(chains, default=(0, []))


def listed_tests(folder):
    listing = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"], stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(listing.stdout)["tests"]


def summary(name, limit, figure, what):
    over = f", MORE than the limit of {limit}" if figure > limit else f" (limit {limit})"
    return f"{name}: {figure:.0f} {what}{over}"


def main(make):
    RECORDS.parent.mkdir(parents=True, exist_ok=True)
    RECORDS.unlink(missing_ok=True)
    os.environ["NTSBOX_RECORDS"] = str(RECORDS.absolute())
    with Meter() as fetching:
        if fetching.run(make, "--no-print-directory", "check-fetch") != 0:
            return 1
    load = os.getloadavg()[0]
    with Meter() as checking:
        status = checking.run(make, "--no-print-directory", "check-run")
    if RECORDS.exists():
        records = [json.loads(line) for line in RECORDS.read_text().splitlines()]
        waiting, chain = longest_chain(listed_tests("build/asan"), records)
        of_tests = sum(record["cpu"] for record in records)
        print(summary("CPU time", LIMITS["cpu"], checking.cpu, "s") + f": {checking.cpu - of_tests:.0f} s to build, {of_tests:.0f} s of the tests")
        print(summary("waiting", LIMITS["waiting"], waiting, "s on the longest chain") + f": {', '.join(chain)}")
        print(f"wall time: {checking.wall:.0f} s on {os.cpu_count()} processors, load {load:.1f} at its beginning; "
              f"downloads before that: {fetching.wall:.0f} s")
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
