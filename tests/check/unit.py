#!/usr/bin/env python3
"""Runs one share of a Catch2 program's test cases, in one process.

    unit.py PROGRAM SHARE SHARES

Share 2 of 4 is every fourth case, beginning with the second, so that slow neighbours are spread. Catch2 2.13 (Debian 12) has no
--shard-count, so the names are given in a file. If the program dies, the case that it died in is named.
"""

import re
import subprocess
import sys
import tempfile

FINISHED = re.compile(r"^\d+\.\d+ s: (.*)$")  # --durations yes


def names_of(program):
    """The names of all test cases, in the order in which they run."""
    for listing in (["--list-test-names-only"], ["--list-tests", "--verbosity", "quiet"]):  # Catch2 2, and 3
        done = subprocess.run([program, *listing], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        names = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        if names:
            return names
    sys.exit(f"{program} lists no test cases")


def share_of(names, share, shares):
    return names[share - 1::shares]


def quoted(name):
    """As Catch2 reads it from a file: in quotes, with its special characters escaped."""
    return '"' + re.sub(r'([\\,\[\]"])', r"\\\1", name) + '"'


def unfinished(names, output):
    """The cases that have not ended. (Their sections are listed as well.)"""
    ended = {found.group(1) for found in map(FINISHED.match, output.splitlines()) if found}
    return [name for name in names if name not in ended]


def main(program, share, shares):
    names = share_of(names_of(program), int(share), int(shares))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("".join(quoted(name) + "\n" for name in names))
        listed.flush()
        ran = subprocess.run([program, "--input-file", listed.name, "--durations", "yes"], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    sys.stdout.write(ran.stdout)
    missing = unfinished(names, ran.stdout)
    if ran.returncode == 0 and not missing:
        return 0
    print(f"{program}: exit status {ran.returncode}; {len(missing)} of {len(names)} test cases did not end"
          + (f", the first is: {missing[0]}" if missing else ""))
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
