#!/usr/bin/env python3
"""The whole way without an antenna: ntsbox-sim -> gpsd -> ntsboxd -> chronyd, Stratum 1 -> NTS -> chronyd, Stratum 2.

Two machines, each with a root and a network of its own (an overlay and a namespace), are set up by ntsbox-provision: the
first as a box, the second to trust it, with the box's bundle alone. The daemons are the real ones; chronyd runs with -x. This
machine's clock, files and services are not touched, and whatever ends it, nothing of it stays; when it fails, its logs are in
build/demo-logs. Exit status: 0 the Stratum 2 follows by NTS and every sample was
true, 1 it does not, 77 needs root, 130 interrupted.

Examples:
  make demo
  make demo DEMO_SECONDS=300
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/rig"))
from machine import Machine, join, private_networks  # noqa: E402
from rig import BUILD, Rig, enter_namespaces, selected_reach, wait_until  # noqa: E402

TOLERANCE_NS = 1000
# True time against the system clock, so that there is something to measure.
RECEIVER = ("--offset", "0.001234", "--drift", "5", "--pulse-jitter", "200")
BOX, RACK = "10.77.0.1", "10.77.0.2"
PULSES = "/run/ntsbox-sim/pulses.sock"
RECEIVER_LINK = "/run/ntsbox-sim/gps"
TRUTH = "/run/ntsbox-sim/truth.jsonl"
CHRONY_LOGS = "/var/log/chrony"
REFCLOCKS_LOG = f"{CHRONY_LOGS}/refclocks.log"
HISTORY = "/var/lib/ntsbox/history"
REPORT = BUILD.parent / "demo-report.html"
LOGS = BUILD.parent / "demo-logs"
COLLECT_INTERVAL = 10  # s
SETTINGS = ("--airgap", "--pulse", f"stream:{PULSES}", "--receiver", RECEIVER_LINK, "--name", "ntsbox.demo",
            "--address", BOX, "--allow", "10.77.0.0/24")


class Narration:
    """What each program says, as it says it, and a line that lives on a terminal."""

    def __init__(self, seconds):
        self.begin = time.monotonic()
        self.seconds = seconds
        self.told = {}

    def elapsed(self):
        return time.monotonic() - self.begin

    def tell(self, who, text):
        self.wipe()
        print(f"{self.elapsed():5.0f} s  {who:9} {text}", flush=True)

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


class Demo:
    def __init__(self, rig, seconds):
        self.rig = rig
        self.narration = Narration(seconds)
        self.reaches = []  # of the box's refclock, at each look at it while it is selected, in octal
        self.box = Machine(rig, "box")
        self.rack = Machine(rig, "rack")
        join(self.box, self.rack, BOX, RACK)
        self.processes = {}
        self.collected = 0.0

    def provision(self, machine, *words):
        """ntsbox-provision on a machine's root, from outside, as on a mounted image; in its network."""
        command = [BUILD / "bin/ntsbox-provision", "--root", machine.root, *words]
        done = subprocess.run(["nsenter", f"--net=/run/netns/{machine.name}", *map(str, command)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"ntsbox-provision {' '.join(map(str, words))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def set_up_the_box(self):
        self.narration.tell("provision", "makes the first machine a box: " + " ".join(SETTINGS))
        self.provision(self.box, "apply", "--yes", "--offline", *SETTINGS)
        # An owner's own addition, where provision leaves room for it: chronyd's log of samples is what is compared with the truth.
        self.box.path("/etc/chrony/conf.d/demo.conf").write_text("log refclocks\n")

    def start_the_box(self):
        for folder in ("/run/ntsbox-sim", "/run/ntsbox-status"):
            self.box.path(folder).mkdir()
        sim = self.box.start("sim", "ntsbox-sim", "--pty", RECEIVER_LINK, "--pulses", PULSES, "--truth", TRUTH, *RECEIVER)
        wait_until(lambda: self.box.path(PULSES).exists(), 20, f"ntsbox-sim ({sim.log})")
        self.box.path(PULSES).chmod(0o666)  # for ntsboxd, which is not root
        self.narration.tell("sim", "a receiver whose time is 1.234 ms ahead of the system clock, and drifts by 5 ppm")
        chronyd = self.box.start_chronyd()
        gpsd = self.box.start_gpsd()
        self.narration.tell("gpsd", "opens the simulated receiver, which takes it some seconds")
        self.processes = {"sim": sim, "chronyd": chronyd, "gpsd": gpsd, "ntsboxd": self.box.start_ntsboxd()}

    def set_up_the_rack(self):
        bundle = self.rig.path("bundle.tar.gz")
        written = json.loads(self.provision(self.box, "bundle", "--json", "--output", bundle))
        self.narration.tell("provision", "the second machine trusts the box, with its bundle alone")
        self.provision(self.rack, "trust", bundle, "--server", BOX, "--hash", written["sha256"])
        self.processes["rack"] = self.rack.start_chronyd()

    def selects_the_box(self):
        return f"^* {BOX}" in self.rack.chronyc("-n", "sources")

    def reach_builds(self):
        if not self.reaches:
            return False
        first, last = int(self.reaches[0], 8), int(self.reaches[-1], 8)
        return last.bit_count() >= 4 and last >= first

    def watch(self):
        while self.narration.elapsed() < self.narration.seconds or "rack" not in self.processes:
            self.look()
            if "rack" not in self.processes and self.reaches:
                self.set_up_the_rack()
            time.sleep(1)
        deadline = time.monotonic() + 30
        while not (self.selects_the_box() and self.reach_builds()) and time.monotonic() < deadline:
            self.look()
            time.sleep(1)
        self.narration.wipe()

    def collect(self):
        """As ntsbox-status.timer does, but sooner."""
        if self.narration.elapsed() - self.collected >= COLLECT_INTERVAL:
            self.collected = self.narration.elapsed()
            self.box.run("ntsbox-status", "--collect", check=False)

    def look(self):
        self.collect()
        self.narration.follow("ntsboxd", self.processes["ntsboxd"])
        self.narration.follow("chronyd", self.processes["chronyd"], only="Selected")
        if "rack" in self.processes:
            self.narration.follow("rack", self.processes["rack"], only="Selected")
        if reach := selected_reach(self.box.chronyc("sources")):
            self.reaches.append(reach)
        elif self.narration.elapsed() > 120:
            raise RuntimeError("the box's chronyd has not selected its refclock")
        self.narration.progress(len(self.measured()), self.reaches[-1] if self.reaches else 0)
        for process in self.processes.values():
            if not process.running():
                raise RuntimeError(f"{process.log.stem} ended by itself: {process.lines()[-1:]}")

    def measured(self):
        return self.rig.measured(self.box.path(REFCLOCKS_LOG))

    def show(self):
        for machine, words in ((self.box, "sources"), (self.box, "sourcestats"), (self.box, "tracking"),
                               (self.rack, "-n sources"), (self.rack, "-n authdata")):
            print(f"\n{machine.name}$ chronyc {words}\n{machine.chronyc(*words.split()).rstrip()}")

    def report(self):
        """The charts of it, to be kept. ntsboxd writes what it still has of its history as it ends."""
        self.processes["ntsboxd"].stop()
        subprocess.run([BUILD / "bin/ntsbox-report", "--history", self.box.path(HISTORY), "--chrony", self.box.path(CHRONY_LOGS),
                        "--since", "1d", "--host", "ntsbox.demo", "--output", REPORT], check=True)
        print(f"All of it as charts, for a browser: {REPORT}")

    def complaints(self):
        """None when all went well."""
        if not self.reaches:
            yield "the box's chronyd has not selected its refclock"
        elif not self.reach_builds():
            yield f"reach is not building: {' '.join(self.reaches)}"
        if not self.selects_the_box():
            yield "the Stratum 2 has not selected the box"
        if "Stratum         : 2" not in self.rack.chronyc("tracking"):
            yield "the second machine is not at Stratum 2"
        cookies = [line.split()[-2] for line in self.rack.chronyc("-n", "authdata").splitlines() if line.startswith(BOX)]
        if not cookies or int(cookies[0]) == 0:
            yield "the Stratum 2 holds no NTS cookies"
        errors = self.rig.errors(self.box.path(REFCLOCKS_LOG), self.box.path(TRUTH))
        if not errors:
            yield "the box's chronyd has measured nothing"
            return
        worst = max(errors.values(), key=abs)
        print(f"\nchronyd measured {len(errors)} samples; the farthest from the simulator's truth is off by {worst} ns "
              f"(allowed: {TOLERANCE_NS} ns).")
        wrong = [second for second, error in errors.items() if abs(error) > TOLERANCE_NS]
        if wrong:
            yield f"samples that were not true: {wrong}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="how long to watch (60; at least 30)")
    arguments = parser.parse_args()
    if arguments.seconds < 30:
        parser.error("--seconds: chronyd needs 30 to follow")
    enter_namespaces()
    private_networks()
    rig = Rig("demo", logs=LOGS)
    well = False
    try:
        print(f"Two machines in namespaces of their own, for {arguments.seconds} s and as long as they need to start.")
        demo = Demo(rig, arguments.seconds)
        demo.set_up_the_box()
        demo.start_the_box()
        demo.watch()
        demo.show()
        complaints = list(demo.complaints())
        well = not complaints
        for complaint in complaints:
            print(f"FAILED: {complaint}", file=sys.stderr)
        print(f"\nbox$ ntsbox-status\n{demo.box.run('ntsbox-status', check=False).stdout}")
        demo.report()
        if well:
            print("The chain works: the Stratum 2 follows the simulated receiver, authenticated by NTS.")
    except KeyboardInterrupt:
        well = True
        print("\ninterrupted: everything is stopped and removed", file=sys.stderr)
        return 130
    except (RuntimeError, TimeoutError, FileNotFoundError, subprocess.CalledProcessError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
    finally:
        rig.close(keep=not well)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
