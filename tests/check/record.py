#!/usr/bin/env python3
"""Runs a test and records what it took: a line of JSON in the file that NTSBOX_RECORDS names.

    record.py [--nice] NAME COMMAND...

--nice: it only computes, and leaves the processors to the tests that wait for something.
"""

import json
import os
import sys
import time


def main(words):
    nice = words[0] == "--nice"
    name, *command = words[1:] if nice else words
    if nice:
        os.nice(10)
    records = os.environ.get("NTSBOX_RECORDS")
    if not records:
        os.execvp(command[0], command)
    begin = time.time()
    child = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, status, used = os.wait4(child, 0)
    record = {"name": name, "begin": round(begin, 3), "wall": round(time.time() - begin, 3),
              "cpu": round(used.ru_utime + used.ru_stime, 3), "status": os.waitstatus_to_exitcode(status)}
    with open(records, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    code = record["status"]
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
