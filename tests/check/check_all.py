#!/usr/bin/env python3
"""`make check-all`: every target that a release passes, one after the other; those that passed before are left out.

    check_all.py MAKE [TARGET...]

What passed is remembered with a hash of the files that the target reads, in the file that NTSBOX_PASSED names (build/passed.json): a
change to one of them, or another compiler or release of Debian, makes the target run again. A target that fails does not keep the
others from running. The output of each is in build/check-all/TARGET.log.
"""

import fnmatch
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

LOGS = pathlib.Path("build/check-all")
CANNOT_RUN = 77  # the exit status of a script for which this machine lacks something

BUILD_FILES = ["CMakeLists.txt", "*/CMakeLists.txt", "CMakePresets.json", "cmake/*", "Makefile"]
SOURCES = ["*.h", "*.cc", "*.in"]
PRODUCT = ["base/*", "posix/*", "contract/*", "diagnose/*", "certs/*", "driver/*", "provision/*", "status/*", "pps/*", "sim/*",
           "debian/*"]
RIG = ["tests/rig/*", "tests/support/*"]
EVERYTHING = ["*"]
PACKAGES = [*PRODUCT, *BUILD_FILES, *RIG, "docs/man/*", "docs/completion/*", "tests/package/*"]


def tests(*folders):
    """What the tests in these folders read."""
    return [*PRODUCT, *BUILD_FILES, *RIG, *(f"tests/{folder}/*" for folder in folders)]


# In the order in which they run: the sooner it says something the earlier.
TARGETS = {
    "check": EVERYTHING,
    "check-seeds": tests("*"),
    "cppcheck": [*SOURCES, "Makefile"],
    "test-threads": tests("smoke"),
    "fuzz": tests("fuzz"),
    "check-vm": tests("vm"),
    "coverage": tests("base", "certs", "driver", "provision", "coverage"),
    "check-kill": tests("provision"),
    "endurance": tests("endurance", "scenarios"),
    "tidy": [*SOURCES, "Makefile", "CMakePresets.json", ".clang-tidy", "tests/.clang-tidy", "tests/check/tidy.py"],
    "check-cures": tests("status", "provision"),
    "mutants": ["base/*", "contract/*", "driver/*", *BUILD_FILES, "tests/driver/*", "tests/support/*", "tests/scenarios/*", "tests/mutants/*"],
    "check-restarts": tests("restarts", "smoke"),
    "check-receivers": tests("receivers"),
    "check-deb": [*PACKAGES, "docs/*"],
    "check-fleet": [*PACKAGES, "tests/fleet/*", "docs/fleet/*", "docs/monitoring/*"],
    "check-trixie": EVERYTHING,
    "check-cross": tests("*"),
    "check-pi": [*PACKAGES, "tests/pi/*"],
}


def files(root="."):
    """The files of the source tree, by name."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in (".git", "build", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def tools():
    """What a result depends on besides the sources."""
    release = pathlib.Path("/etc/os-release").read_text()
    compiler = subprocess.run(["c++", "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
    return release + compiler


def hash_of(patterns, names, more=""):
    """Of the content of the files whose name matches one of the patterns."""
    found = hashlib.sha256(more.encode())
    for name in names:
        path = pathlib.Path(name)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns) and (path.is_file() or path.is_symlink()):
            content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
            found.update(f"{name}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


class Passed:
    """The file that remembers what passed."""

    def __init__(self, path):
        self.path = path
        self.targets = self.read()

    def read(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def seconds(self, target, digest):
        """How long it took when it passed with these inputs; None if it did not."""
        known = self.targets.get(target, {})
        return known.get("seconds") if known.get("hash") == digest else None

    def add(self, target, digest, seconds):
        self.targets = self.read()  # another run may have added to it meanwhile
        self.targets[target] = {"hash": digest, "seconds": round(seconds), "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.targets, indent=1, sort_keys=True) + "\n")
        new.replace(self.path)


def result_of(status, output):
    """(result, reason) of a target that ended so."""
    lines = [line for line in output.splitlines() if line.strip()]
    if status == 0:
        return "passed", ""
    ends = [at for at, line in enumerate(lines) if line.startswith("make") and line.endswith(f"Error {CANNOT_RUN}")]
    if ends:
        return "cannot run here", lines[ends[0] - 1] if ends[0] else ""
    return "FAILED", f"exit status {status}"


def run(make, target):
    """(result, reason, seconds); the output goes to the target's log and to the terminal."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{target}.log"
    begin = time.monotonic()
    with open(log, "w", encoding="utf-8") as out:
        with subprocess.Popen([make, "--no-print-directory", target], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace") as ran:
            for line in ran.stdout:
                out.write(line)
                sys.stdout.write(line)
        status = ran.returncode
    return *result_of(status, log.read_text()), time.monotonic() - begin


def table(rows):
    """Rows of (target, result, seconds or None, reason)."""
    lines = [f"{'target':16} {'result':16} {'time':>9}  reason"]
    for target, result, seconds, reason in rows:
        shown = "" if seconds is None else f"{seconds // 60:.0f} min {seconds % 60:02.0f}"
        lines.append(f"{target:16} {result:16} {shown:>9}  {reason}".rstrip())
    return "\n".join(lines)


def main(make, *chosen):
    unknown = set(chosen) - set(TARGETS)
    if unknown:
        print(f"check-all has no {', '.join(sorted(unknown))}; it has {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    passed = Passed(pathlib.Path(os.environ.get("NTSBOX_PASSED", "build/passed.json")))
    rows = []
    try:
        for target in chosen or TARGETS:
            digest = hash_of(TARGETS[target], files(), tools())
            seconds = passed.seconds(target, digest)
            if seconds is not None:
                rows.append((target, "passed before", seconds, ""))
                continue
            print(f"\n== make {target}", flush=True)
            result, reason, seconds = run(make, target)
            rows.append((target, result, seconds, reason))
            if result == "passed":
                passed.add(target, digest, seconds)
    finally:
        print("\n" + table(rows), flush=True)
    return 1 if any(result == "FAILED" for _, result, _, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
