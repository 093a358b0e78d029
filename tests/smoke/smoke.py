"""What the smoke tests share: the chain of real daemons as a test fixture."""

import json
import pathlib
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, enter_namespaces, selected_reach, wait_until  # noqa: E402, F401
from rigged import Rigged, RiggedClass  # noqa: E402, F401

LOCKED = "LOCKED: every pulse has its second"


def report_of(line):
    """What gpsd's line says; {} of one that is none."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return {}


class Chain(RiggedClass):
    """One chain for all tests of a class; each begins and ends with a daemon that is locked."""

    changes = {}  # what is not as the rig has it

    @classmethod
    def prepare(cls):
        cls.sim = cls.rig.sim("--offset", "0.001234567")
        cls.chronyd = cls.rig.chronyd()
        cls.gpsd = cls.rig.gpsd()
        cls.daemon = cls.rig.ntsboxd("--record", cls.rig.path("events.jsonl"), **cls.changes)
        cls.daemon.wait_for("chronyd takes the samples", 60)

    def log_each_change(self):
        """Begins the limits of the daemon's log anew, as SIGHUP does, so that the next changes are logged one by one."""
        told = self.daemon.count("settings read again")
        self.daemon.send(signal.SIGHUP)
        self.daemon.wait_for("settings read again", 20, told + 1)

    def events(self, kind):
        """The recorded events of this kind."""
        lines = self.rig.path("events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines if line.endswith("}")]
        return [event for event in events if event["event"] == kind]

    def first_good_sentence(self, after):
        """When the daemon received the first report of a fix after the instant `after`, in seconds of the epoch."""
        def look():
            for event in self.events("gpsd"):
                report = report_of(event["line"])
                if report.get("class") == "TPV" and report.get("mode", 0) >= 2 and float(event["system"]) > after:
                    return float(event["system"])
            return None
        return wait_until(look, 60, "a sentence of a fix")

    def samples_between(self, begin, end):
        return [second for second in sorted(self.rig.measured()) if begin < second < end]

    def assert_silent_and_back(self, lost, restored):
        """No sample from 2 s after `lost` on, and samples again within 15 s of the first good sentence."""
        good = self.first_good_sentence(restored)
        self.assertEqual(self.samples_between(lost + 2, restored), [], "silence within 2 s")
        first = wait_until(lambda: self.samples_between(restored, time.time() + 10), 60, "samples again")[0]
        self.assertLess(first - good, 15, "samples again within 15 s of the first good sentence")
        self.assert_true()

    def assert_true(self):
        """Every sample that chronyd ever got was true."""
        errors = self.rig.errors()
        self.assertTrue(errors)
        self.assertEqual({second: error for second, error in errors.items() if abs(error) > 1000}, {})


class Logged:
    """The lines that a daemon logs while the `with` block runs."""

    def __init__(self, daemon):
        self.daemon = daemon

    def __enter__(self):
        self.before = len(self.daemon.lines())
        return self

    def __exit__(self, *_):
        self.lines = self.daemon.lines()[self.before:]


def main():
    enter_namespaces()
    unittest.main(verbosity=2)
