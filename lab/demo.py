#!/usr/bin/env python3
"""The whole chain at work without an antenna: ntsbox-sim -> gpsd -> ntsboxd -> chronyd.

The daemons are the real ones, in network and IPC namespaces of their own; chronyd runs with -x. This machine's clock and
services are not touched. Exit status: 0 chronyd follows and every sample was true, 1 it does not, 77 needs root,
130 interrupted.

Examples:
  make demo
  make demo DEMO_SECONDS=300
"""

import argparse
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/rig"))
from rig import Rig, enter_namespaces, selected_reach  # noqa: E402

TOLERANCE_NS = 1000
# True time against the system clock, so that there is something to measure.
RECEIVER = ("--offset", "0.001234", "--drift", "5", "--pulse-jitter", "200")


class Story:
    """What each program says, as it says it, and a line that lives on a terminal."""

    def __init__(self, seconds):
        self.begin = time.monotonic()
        self.seconds = seconds
        self.told = {}

    def elapsed(self):
        return time.monotonic() - self.begin

    def tell(self, who, text):
        self.wipe()
        print(f"{self.elapsed():5.0f} s  {who:8} {text}", flush=True)

    def follow(self, who, process, only=""):
        lines = process.lines()
        for line in lines[self.told.get(who, 0):]:
            if only in line:
                self.tell(who, line[line.index(only):] if only else line)
        self.told[who] = len(lines)

    def progress(self, samples, reach):
        if sys.stdout.isatty():
            text = f"{self.elapsed():5.0f} s of {self.seconds}: {samples} samples, reach {reach}"
            print(f"\r{text}\x1b[K", end="", flush=True)

    def wipe(self):
        if sys.stdout.isatty():
            print("\r\x1b[K", end="")


def watch(rig, story):
    """Runs the chain; the reach that `chronyc sources` showed at each look at a selected source, in octal."""
    sim = rig.sim(*RECEIVER)
    story.tell("sim", sim.lines()[0])
    chronyd = rig.chronyd()
    gpsd = rig.gpsd()
    story.tell("gpsd", "opens the simulated receiver, which takes it some seconds")
    daemon = rig.ntsboxd()
    reaches = []
    while story.elapsed() < story.seconds:
        story.follow("ntsboxd", daemon)
        story.follow("chronyd", chronyd, only="Selected")
        if reach := selected_reach(rig.chronyc("sources")):
            reaches.append(reach)
        story.progress(len(rig.measured()), reaches[-1] if reaches else 0)
        for process in (sim, chronyd, gpsd, daemon):
            if not process.running():
                raise RuntimeError(f"{process.log.stem} ended by itself: {process.lines()[-1:]}")
        time.sleep(1)
    story.wipe()
    return reaches


def show(rig):
    for words in ("sources", "sourcestats", "tracking"):
        print(f"\n$ chronyc {words}\n{rig.chronyc(words).rstrip()}")
    print("\n$ cat status.json")
    for key, value in rig.status().items():
        print(f"{key:12} {json.dumps(value)}")


def verdict(rig, reaches):
    """The complaints; none when all went well."""
    complaints = []
    if not reaches:
        complaints.append("chronyd has not selected the source")
    elif bin(int(reaches[-1], 8)).count("1") < 4 or int(reaches[-1], 8) < int(reaches[0], 8):
        complaints.append(f"reach is not building: {' '.join(reaches)}")
    errors = rig.errors()
    if not errors:
        complaints.append("chronyd has measured nothing")
        return complaints
    worst = max(errors.values(), key=abs)
    print(f"\nchronyd measured {len(errors)} samples; the farthest from the simulator's truth is off by {worst} ns "
          f"(allowed: {TOLERANCE_NS} ns).")
    wrong = [second for second, error in errors.items() if abs(error) > TOLERANCE_NS]
    if wrong:
        complaints.append(f"samples that were not true: {wrong}")
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="how long to watch (60; at least 30)")
    arguments = parser.parse_args()
    if arguments.seconds < 30:
        parser.error("--seconds: chronyd needs 30 to follow")
    enter_namespaces()
    rig = Rig("demo")
    well = False
    try:
        print(f"The chain runs for {arguments.seconds} s, in namespaces of its own.")
        reaches = watch(rig, Story(arguments.seconds))
        show(rig)
        complaints = verdict(rig, reaches)
        well = not complaints
        for complaint in complaints:
            print(f"FAILED: {complaint}", file=sys.stderr)
        if well:
            print("The chain works: chronyd follows the simulated receiver.")
    except KeyboardInterrupt:
        print("\ninterrupted: everything is stopped and removed", file=sys.stderr)
        well = True
        return 130
    except (RuntimeError, TimeoutError, FileNotFoundError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
    finally:
        rig.close(keep=not well)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
