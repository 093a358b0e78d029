#!/usr/bin/env python3
"""The demo shows what it promises, and leaves the machine as it was, also when it is interrupted."""

import fcntl
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import MARK, enter_namespaces, wait_until  # noqa: E402

DEMO = pathlib.Path(__file__).resolve().parents[2] / "sim/demo.py"
UNIT_FOLDERS = ("/etc/systemd", "/usr/lib/systemd", "/etc/chrony", "/etc/ntsbox", "/etc/default")
DAEMONS = {"gpsd", "chronyd", "ntsboxd", "ntsbox-sim"}


def listed(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def services():
    return sorted(str(path) for folder in UNIT_FOLDERS for path in pathlib.Path(folder).rglob("*"))


def running(mark):
    """The processes with that mark in their environment: {pid: the name of what runs}."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(mark) in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:
            pass  # it has ended
    return found


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def machine(folder, mark):
    return {"packages": listed("dpkg-query", "-W"), "services": services(), "mounts": pathlib.Path("/proc/mounts").read_text(),
            "accounts": pathlib.Path("/etc/passwd").read_text(), "processes": running(mark),
            "folders": sorted(pathlib.Path(folder).iterdir()), "networks": listed("ip", "netns")}


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="ntsbox-demo-"))
        os.chmod(self.folder, 0o755)  # for users that daemons change to
        self.mark = f"NTSBOX_DEMO={self.folder}"
        self.before = machine(self.folder, self.mark)
        self.addCleanup(self.check_unchanged)
        self.addCleanup(self.end_all)

    def end_all(self):
        for pid in running(self.mark):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not running(self.mark), 30, "the demo ends")

    def check_unchanged(self):
        for what, now in machine(self.folder, self.mark).items():
            self.assertEqual(now, self.before[what], what)

    def start(self, **more):
        outside = {name: value for name, value in os.environ.items() if name != MARK} | {"TMPDIR": self.folder, "NTSBOX_DEMO": self.folder}
        return subprocess.Popen([sys.executable, "-B", DEMO, "--seconds", "40"],
                                **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "env": outside, **more})

    def daemons_run(self):
        return DAEMONS <= set(running(self.mark).values())


class Demo(Case):
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
        wait_until(self.daemons_run, 60, "the daemons")
        demo.send_signal(signal.SIGINT)
        said = demo.communicate(timeout=60)[0]
        self.assertEqual(demo.returncode, 130, said)
        self.assertIn("interrupted: everything is stopped and removed", said)


class Killed(Case):
    """Whichever of its processes is killed, and when its terminal is closed: nothing runs on, and no file and no mount stays."""

    def setUp(self):
        super().setUp()
        self.terminal, inside = os.openpty()
        self.demo = self.start(stdin=inside, stdout=inside, stderr=inside, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(inside)
        self.closing = threading.Event()
        self.reader = threading.Thread(target=self.drain)
        self.reader.start()
        self.addCleanup(self.close)
        wait_until(self.daemons_run, 60, "the daemons")

    def drain(self):
        """A program waits for a terminal that nobody reads."""
        while not self.closing.is_set():
            if select.select([self.terminal], [], [], 0.1)[0]:
                try:
                    os.read(self.terminal, 4096)
                except OSError:
                    break  # nobody has it open any more
        os.close(self.terminal)

    def close(self):
        self.closing.set()
        self.reader.join()

    def ends(self):
        self.demo.wait(60)
        wait_until(lambda: not running(self.mark), 60, "all of it ends")
        self.check_unchanged()

    def own(self):
        """What was started, the first process of its namespaces, and the script."""
        first = children(self.demo.pid)
        return [self.demo.pid, *first, *children(first[0])]

    def test_what_was_started_is_killed(self):
        self.demo.kill()
        self.ends()

    def test_the_first_process_of_its_namespaces_is_killed(self):
        os.kill(self.own()[1], signal.SIGKILL)
        self.ends()

    def test_its_script_is_killed(self):
        os.kill(self.own()[2], signal.SIGKILL)
        self.ends()

    def daemon_is_killed(self, name):
        """The demo fails then, and says so."""
        os.kill(next(pid for pid, each in running(self.mark).items() if each == name), signal.SIGKILL)
        self.ends()
        self.assertEqual(self.demo.returncode, 1)

    def test_its_chronyd_is_killed(self):
        self.daemon_is_killed("chronyd")

    def test_its_gpsd_is_killed(self):
        self.daemon_is_killed("gpsd")

    def test_its_ntsboxd_is_killed(self):
        self.daemon_is_killed("ntsboxd")

    def test_its_simulator_is_killed(self):
        self.daemon_is_killed("ntsbox-sim")

    def test_its_terminal_is_closed(self):
        self.close()
        self.ends()


if __name__ == "__main__":
    enter_namespaces()  # where what is mounted is the demo's: other tests, which run at the same time, mount too
    unittest.main(verbosity=2)
