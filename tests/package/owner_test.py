#!/usr/bin/env python3
"""The README's way of an owner, its lines as they stand there: two machines with nothing of ours become a box and its Stratum 2.

Each is booted in systemd-nspawn from a copy of NTSBOX_CHROOT (made by make_root, with systemd), and gets the packages of NTSBOX_DEBS.
What a container has not is said once: the receiver, which is simulated and told of in provision.toml, and the Internet.
"""

import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from bare import Bare  # noqa: E402
from container import private_kernel_files  # noqa: E402
from package_test import deb, newer  # noqa: E402
from rig import ROOT, Process, enter_namespaces, wait_until  # noqa: E402
from rigged import RiggedClass  # noqa: E402

HOME = "/root"
BOX, RACK = "192.0.2.1", "192.0.2.2"
QUESTION = "[y/N]"
SETTINGS = """airgap = true
board = "generic"
receiver = "/run/ntsbox-sim/gps"
pulse = "stream:/run/ntsbox-sim/pulses.sock"
"""
# Whoever is root already needs no sudo; and the packages were made before.
STANDS_FOR = {"sudo": 'exec "$@"', "make": '[ "$*" = deb ]'}


def lines_of(heading):
    """The commands below a heading of the README, without their comments."""
    section = re.search(rf"^## {heading}\n(.*?)^## ", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL).group(1)
    return [line.partition("#")[0].strip() for line in section.splitlines() if line.startswith("    ")]


class Owned(Bare):
    """As its owner finds it, who is root at a terminal and has the packages at hand."""

    def install(self):
        super().install()
        packages = self.path(f"{HOME}/build/deb")
        packages.mkdir(parents=True)
        shutil.copy(deb("ntsbox"), packages)
        for name, what in STANDS_FOR.items():
            path = self.path(f"/usr/local/bin/{name}")
            path.write_text(f"#!/bin/sh\n{what}\n")
            path.chmod(0o755)

    def type(self, line):
        """What an owner types at a terminal who says yes: exit status, and what is seen."""
        ours, theirs = pty.openpty()
        command = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", f"--working-directory={HOME}", "--setenv=LC_ALL=C",
                   "--", "sh", "-c", line]
        log = self.rig.folder / f"{self.name}-terminal.log"
        log.unlink(missing_ok=True)
        shown = Process(self.rig, f"{self.name}-terminal", [*self.enter(), *command], stdin=theirs)
        wait_until(lambda: not shown.running() or shown.count(QUESTION), 300, f"{line} ({log})")
        if shown.count(QUESTION):
            os.write(ours, b"y\n")
        wait_until(lambda: not shown.running(), 300, f"{line} ({log})")
        for end in (ours, theirs):
            os.close(end)
        return shown.stop(), "\n".join(shown.lines())


def wire(box, rack):
    """Between the two."""
    subprocess.run(["ip", "link", "add", "eth0", "netns", box.leader, "type", "veth", "peer", "name", "eth0", "netns", rack.leader],
                   check=True)
    for machine, address in ((box, BOX), (rack, RACK)):
        machine.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
        machine.run("ip", "link", "set", "eth0", "up")


class Owner(RiggedClass):
    @classmethod
    def prepare(cls):
        cls.box, cls.rack = Owned(cls.rig, "box"), Owned(cls.rig, "rack")
        for machine in (cls.box, cls.rack):
            machine.boot()
        wire(cls.box, cls.rack)
        with open(cls.rack.path("/etc/hosts"), "a") as hosts:  # what the client's resolver would know
            hosts.write(f"{BOX} box\n")

    def type(self, machine, line, status=0):
        """On a machine: what is seen, if it ends as it should."""
        ended, seen = machine.type(line)
        self.assertEqual(ended, status, f"{line}\n{seen}")
        return seen

    def test_the_lines_of_the_readme_make_a_box_and_a_stratum_2_that_follows_it(self):
        install, plan, do, bundle, trust = lines_of("Run it")
        for machine in (self.box, self.rack):
            self.type(machine, install)
        self.assertEqual(self.box.show("ntsboxd.service", "ActiveState", "UnitFileState"), {"ActiveState": "inactive", "UnitFileState": "disabled"})

        self.box.run("sh", "-c", f"mkdir -p /etc/ntsbox && printf '{SETTINGS}' > /etc/ntsbox/provision.toml")
        self.box.run("systemctl", "start", "ntsbox-sim.service")
        self.type(self.box, plan, status=3)
        self.type(self.box, do)
        wait_until(lambda: "#* GPS" in self.box.says("chronyc", "sources"), 120, "the box follows its receiver")

        shown = self.type(self.box, bundle)
        shutil.copy(self.box.path(f"{HOME}/bundle.tar"), self.rack.path(HOME))
        hashed = re.search(r"(?:  (?:[0-9a-f]{8} ?){4}\n){2}", shown).group()
        self.assertIn(hashed, self.type(self.rack, trust))
        wait_until(lambda: "^* box" in self.rack.says("chronyc", "-N", "sources"), 120, "the client follows the box")
        self.assertRegex(self.rack.says("chronyc", "-N", "authdata"), r"(?m)^box +NTS ")
        with self.subTest("an upgrade while it serves"):
            self.upgrade()
        with self.subTest("switched off and on"):
            self.reboot()

    def upgrade(self):
        """The daemon is away for less than 3 s, and chronyd goes on with the pulses meanwhile and after."""
        shutil.copy(newer(self.rig, "ntsbox"), self.box.path(f"{HOME}/build/deb/ntsbox_newer.deb"))
        before = self.box.show("ntsboxd.service", "MainPID", "ActiveEnterTimestampMonotonic")
        self.type(self.box, "sudo apt install ./build/deb/ntsbox_newer.deb")
        after = self.box.show("ntsboxd.service", "MainPID", "ActiveState", "InactiveEnterTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        self.assertNotEqual(after["MainPID"], before["MainPID"])
        self.assertEqual(after["ActiveState"], "active")
        away = (int(after["ActiveEnterTimestampMonotonic"]) - int(after["InactiveEnterTimestampMonotonic"])) / 1e6
        print(f"the upgrade took the daemon away for {away:.3f} s")
        self.assertGreater(away, 0)
        self.assertLess(away, 3)
        self.assertIn("#* GPS", self.box.says("chronyc", "sources"))
        wait_until(lambda: self.box.show("ntsboxd.service", "StatusText")["StatusText"].startswith("LOCKED"), 60, "locked again")
        self.assertIn("#* GPS", self.box.says("chronyc", "sources"))
        self.assertIn("^* box", self.rack.says("chronyc", "-N", "sources"))

    def reboot(self):
        """It is a box again by itself, proves it, and the client takes up with it again."""
        self.box.run("systemctl", "add-wants", "multi-user.target", "ntsbox-sim.service")
        self.box.reboot()
        wire(self.box, self.rack)
        wait_until(lambda: "#* GPS" in self.box.says("chronyc", "sources"), 120, "the box follows its receiver")
        self.type(self.box, "sudo ntsbox-provision verify")
        before = self.valid_replies()
        self.rack.run("chronyc", "burst", "1/1")
        wait_until(lambda: self.valid_replies() > before, 60, "the box answers the client")
        self.assertIn("^* box", self.rack.says("chronyc", "-N", "sources"))

    def valid_replies(self):
        return int(re.search(r"Total valid RX +: (\d+)", self.rack.says("chronyc", "ntpdata", BOX)).group(1))


if __name__ == "__main__":
    enter_namespaces()
    private_kernel_files()
    unittest.main(verbosity=2)
