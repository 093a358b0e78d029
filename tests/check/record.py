#!/usr/bin/env python3
"""Runs a test and records what it took: a line of JSON in the file that NTSBOX_RECORDS names.

    record.py [--nice] NAME COMMAND...

--nice: it only computes, and leaves the processors to the tests that wait for something.

A test waits while none of its threads can run. That is sampled; the elapsed time less the CPU time would also count the time in which
they could run and other processes had the processors.
"""

import json
import os
import sys
import time

PERIOD = 0.5  # seconds between two looks at the processes


def threads(pid):
    """The threads of the process and of all that it started, as /proc/PID/task/TID; a process is the child of a thread."""
    pids = [pid]
    for each in pids:
        try:
            for thread in os.listdir(f"/proc/{each}/task"):
                path = f"/proc/{each}/task/{thread}"
                with open(f"{path}/children", encoding="ascii") as file:
                    pids += map(int, file.read().split())
                yield path
        except OSError:  # it has just ended
            pass


def can_run(thread):
    """Whether it runs, or could if it had a processor; waiting for a disk or for strace counts as well."""
    try:
        with open(f"{thread}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in "RDt"
    except OSError:
        return False


def watch(pid):
    """(exit status, CPU time, waited time), in seconds, of a child that is run to its end."""
    looks = waits = 0
    begin = time.monotonic()
    while True:
        time.sleep(min(PERIOD, max(0.01, time.monotonic() - begin)))
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            waited = (time.monotonic() - begin) * waits / looks if looks else 0
            return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, waited
        looks += 1
        waits += not any(map(can_run, threads(pid)))


def main(words):
    nice = words[0] == "--nice"
    name, *command = words[1:] if nice else words
    if nice:
        os.nice(3)
    records = os.environ.get("NTSBOX_RECORDS")
    if not records:
        os.execvp(command[0], command)
    begin = time.time()
    status, cpu, waited = watch(os.spawnvp(os.P_NOWAIT, command[0], command))
    record = {"name": name, "begin": round(begin, 3), "wall": round(time.time() - begin, 3), "cpu": round(cpu, 3), "waited": round(waited, 3),
              "status": status}
    with open(records, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
