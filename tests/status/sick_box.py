"""A box whose daemons are all real, which is spoilt and healed while an ordinary user asks ntsbox-status about it."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "rig"), str(HERE.parent / "provision")]
from machine import private_networks  # noqa: E402
from rig import wait_until  # noqa: E402
from rigged import RiggedClass  # noqa: E402
from verify_test import Box  # noqa: E402

# NTP's count of seconds: 2037 and 2020.
GOOD_TABLE, OLD_TABLE = "#@\t4323542400\n", "#@\t3786825600\n"


class Status(RiggedClass):
    by_hand = True

    @classmethod
    def prepare(cls):
        private_networks()
        cls.box = Box(cls.rig, cls.by_hand)
        cls.machine = cls.box.machine
        cls.machine.path("/run/ntsbox-status").mkdir()  # as its unit does
        cls.leap_table(GOOD_TABLE)
        cls.box.start()
        wait_until(lambda: cls.machine.run("ntsbox-status", check=False).returncode == 0, 120, "a box that is well")

    @classmethod
    def leap_table(cls, text):
        cls.box.write("/usr/share/zoneinfo/leap-seconds.list", text)

    def ask(self, *options, user="nobody"):
        """As an ordinary user: the exit status, and what is said."""
        done = self.machine.run("setpriv", f"--reuid={user}", "--clear-groups", "ntsbox-status", *map(str, options), check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def found(self, *options, user="nobody"):
        status, text = self.ask("--json", *options, user=user)
        found = json.loads(text)
        self.assertEqual(found["status"], status)
        return found

    def collect(self):
        self.machine.run("ntsbox-status", "--collect")

    def sick(self, spoil, heal, grade, name, cure, verdict=""):
        """Within 10 s an ordinary user is no longer told that all is well, but this; what `heal` does, the cure said."""
        found = {}

        def well():
            found.update(self.found())
            return found["status"] == 0

        def told():
            return not well() and found["status"] == grade and name in [remark["name"] for remark in found["remarks"]] and (
                verdict in found["verdict"] and cure in found["cure"])
        spoil()
        try:
            wait_until(lambda: not well(), 10, "no longer called good")
            try:
                wait_until(told, 90, "the verdict")
            except TimeoutError:
                self.fail(f"{grade} {name}, {verdict}: {cure}; and not {found}")
            self.assertNotIn("\nGOOD", self.ask()[1])
        finally:
            heal()
        wait_until(well, 120, f"good again, after {found['verdict']}")
