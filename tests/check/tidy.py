#!/usr/bin/env python3
"""`make tidy`: clang-tidy over every source. One that passed is left out until it, a file that it includes, its configuration or the tool
changes: all of them take more than an hour of CPU time.

    tidy.py BUILD JOBS
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^#include "(.*)"', re.MULTILINE)
CONFIGURATION = [".clang-tidy", "tests/.clang-tidy"]


def files_of(source):
    """The source and what it includes, of the project's own. A name is looked up beside the file, and in the root."""
    found, open_ = set(), [pathlib.Path(source)]
    while open_:
        path = open_.pop()
        if path not in found:
            found.add(path)
            names = INCLUDE.findall(path.read_text())
            open_ += [place for name in names for place in (path.parent / name, pathlib.Path(name)) if place.exists()]
    return sorted(found)


def digest_of(source, more):
    digest = hashlib.sha256(more.encode())
    for path in files_of(source):
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def check(folder, source):
    """Whether it passes; prints what is found otherwise."""
    done = subprocess.run(["clang-tidy", "-p", folder, "--quiet", "--extra-arg=-Wno-unknown-warning-option", source],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def commands_of(build, folder):
    """Source -> its command, also written below `folder`: one a source, since clang-tidy reads a source once for each."""
    entries = {os.path.relpath(entry["file"]): entry for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text())}
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps([*entries.values()]))
    return {name: entry["command"] for name, entry in entries.items() if not name.startswith("build/")}


def main(build, jobs):
    folder = pathlib.Path(build, "tidy")
    commands = commands_of(build, folder)
    sources = sorted(commands)
    version = subprocess.run(["clang-tidy", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    more = version + "".join(pathlib.Path(name).read_text() for name in CONFIGURATION)
    digests = {name: digest_of(name, more + commands[name]) for name in sources}
    passed = folder / "passed.json"
    known = json.loads(passed.read_text()) if passed.exists() else {}
    left = [name for name in sources if known.get(name) != digests[name]]
    print(f"clang-tidy: {len(sources)} files, {len(sources) - len(left)} of them passed before", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        for name, good in zip(left, pool.map(lambda name: check(folder, name), left)):
            if good:
                known[name] = digests[name]
                passed.write_text(json.dumps(known, indent=1, sort_keys=True))
            failed += not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
