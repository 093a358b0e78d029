#!/usr/bin/env python3
"""Thirty simulated days through ntsboxd, parser, judges and all (--replay): it must not grow after the first hour.

NTSBOX_DAYS says how many."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench"))
import healthy_log  # noqa: E402

BUILD = pathlib.Path(os.environ.get("NTSBOX_BUILD", ROOT / "build/release"))
DAYS = int(os.environ.get("NTSBOX_DAYS", "30"))
HOUR = 3600


def size(pid):
    """Resident memory in kB, and how many descriptors are open."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]), len(os.listdir(f"/proc/{pid}/fd"))


def main():
    with subprocess.Popen([BUILD / "bin/ntsboxd", "--replay", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as daemon:
        last = subprocess.Popen(["tail", "-n", "1"], stdin=daemon.stdout, stdout=subprocess.PIPE, text=True)
        daemon.stdout.close()
        sizes = []
        daemon.stdin.write(healthy_log.start())
        for hour in range(24 * DAYS):
            daemon.stdin.writelines(healthy_log.one_second(healthy_log.START + hour * HOUR + i) for i in range(HOUR))
            daemon.stdin.flush()
            sizes.append(size(daemon.pid))
        daemon.stdin.close()
        print(last.communicate()[0].strip())
    print(f"{DAYS} simulated days: resident {sizes[0][0]} kB after an hour, {sizes[-1][0]} kB at the end; "
          f"{sizes[0][1]} and {sizes[-1][1]} descriptors")
    if daemon.returncode or sizes[-1][0] > sizes[0][0] + 64 or sizes[-1][1] != sizes[0][1]:
        sys.exit("it grew")


if __name__ == "__main__":
    main()
