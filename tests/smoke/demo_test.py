#!/usr/bin/env python3
"""The demo shows what it promises, and leaves the machine as it was, also when it is interrupted."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import MARK, enter_namespaces  # noqa: E402

DEMO = pathlib.Path(__file__).resolve().parents[2] / "sim/demo.py"
UNIT_FOLDERS = ("/etc/systemd", "/usr/lib/systemd", "/etc/chrony", "/etc/ntsbox", "/etc/default")
OURS = ("gpsd", "chronyd", "ntsboxd", "ntsbox-sim")


def listed(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def services():
    return sorted(str(path) for folder in UNIT_FOLDERS for path in pathlib.Path(folder).rglob("*"))


def running(folder):
    """The daemons that have files in the folder. Other tests run at the same time."""
    names = (pathlib.Path(entry, "cmdline") for entry in pathlib.Path("/proc").glob("[0-9]*"))
    found = []
    for name in names:
        try:
            words = name.read_bytes().split(b"\0")
        except OSError:
            continue
        if pathlib.Path(os.fsdecode(words[0])).name in OURS and os.fsencode(folder) in b" ".join(words):
            found.append(words)
    return found


def machine(folder):
    return {"packages": listed("dpkg-query", "-W"), "services": services(), "mounts": pathlib.Path("/proc/mounts").read_text(),
            "accounts": pathlib.Path("/etc/passwd").read_text(), "processes": running(folder),
            "folders": sorted(pathlib.Path(folder).iterdir())}


class Demo(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="ntsbox-demo-"))
        os.chmod(self.folder, 0o755)  # for users that daemons change to
        self.addCleanup(self.check_unchanged, machine(self.folder))

    def check_unchanged(self, before):
        for what, now in machine(self.folder).items():
            self.assertEqual(now, before[what], what)

    def start(self):
        outside = {name: value for name, value in os.environ.items() if name != MARK} | {"TMPDIR": self.folder}
        return subprocess.Popen([sys.executable, "-B", DEMO, "--seconds", "40"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=outside)

    def test_it_ends_with_a_stratum_2_that_follows(self):
        demo = self.start()
        said = demo.communicate(timeout=240)[0]
        self.assertEqual(demo.returncode, 0, said)
        for words in ("#* GPS", "^* 10.77.0.1", "The chain works", "allowed: 1000 ns", "the time is the receiver's, within"):
            self.assertIn(words, said)
        report = pathlib.Path(re.search(r"for a browser: (.*)", said).group(1)).read_text()
        for chart in ("clock", "histogram", "jitter", "refusals", "frequency", "allan", "satellites", "sky"):
            self.assertRegex(report, rf'<figure id="{chart}" role=img aria-label="[^"]*" data-points="[1-9]')

    def test_an_interrupt_ends_it_cleanly(self):
        demo = self.start()
        time.sleep(12)
        demo.send_signal(signal.SIGINT)
        said = demo.communicate(timeout=60)[0]
        self.assertEqual(demo.returncode, 130, said)
        self.assertIn("interrupted: everything is stopped and removed", said)


if __name__ == "__main__":
    enter_namespaces(mounts=True)  # where what is mounted is the demo's: other tests, which run at the same time, mount too
    unittest.main(verbosity=2)
