#!/usr/bin/env python3
"""How long ntsbox-status takes on a box that is well and whose daemons are real, beside a single call of chronyc there."""

import argparse
import os
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "rig"), str(HERE.parent / "provision")]
from machine import private_networks  # noqa: E402
from rig import Rig, enter_namespaces, wait_until  # noqa: E402
from verify_test import Box  # noqa: E402

PEER = "chronyc tracking"
COMMANDS = ("ntsbox-status", "ntsbox-status --json", "ntsbox-status --prometheus", PEER)
BOUND = 200  # ms, of ntsbox-status


def measure(machine, runs):
    """By command, the milliseconds of each run, in turns; less the way into the machine, which `true` tells."""
    passed = {command: [] for command in ("true", *COMMANDS)}
    for _ in range(runs):
        for command, times in passed.items():
            begin = time.monotonic()
            machine.run("setpriv", "--reuid=nobody", "--clear-groups", *command.split())
            times.append((time.monotonic() - begin) * 1e3)
    way = statistics.median(passed.pop("true"))
    return {command: sorted(max(0, each - way) for each in times) for command, times in passed.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    runs = parser.parse_args().runs
    enter_namespaces()
    private_networks()
    rig = Rig("bench-status")
    try:
        box = Box(rig, True)
        box.machine.path("/run/ntsbox-status").mkdir()  # as its unit does
        box.write("/usr/share/zoneinfo/leap-seconds.list", "#@\t4323542400\n")  # good until 2037
        box.start()
        wait_until(lambda: box.machine.run("ntsbox-status", check=False).returncode == 0, 120, "a box that is well")
        passed = measure(box.machine, runs)
    finally:
        rig.close(keep=False)
    print(f"{runs} runs on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n{'milliseconds':28} median    p90  of the peer's")
    peer = statistics.median(passed[PEER])
    for command, times in passed.items():
        median = statistics.median(times)
        print(f"  {command:26} {median:6.1f} {times[len(times) * 9 // 10]:6.1f}  {median / max(peer, 0.1):5.1f}")
    met = statistics.median(passed["ntsbox-status"]) <= BOUND
    print(f"ntsbox-status within {BOUND} ms: {'met' if met else 'MISSED'}")


if __name__ == "__main__":
    main()
