#!/usr/bin/env python3
"""Restarts by the dozen and hours on end, in real processes: how long until chronyd is fed again, and does the daemon grow?

Too long for make check, which has a sample of it (tests/smoke/losses_test.py, chronyd_test.py). Each test prints what it measured.
NTSBOX_GPSD_RESTARTS, NTSBOX_KILLS and NTSBOX_HOURS say how much."""

import concurrent.futures
import json
import os
import pathlib
import random
import signal
import statistics
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import Rig, enter_namespaces, samples_of, wait_until  # noqa: E402

GPSD_RESTARTS = int(os.environ.get("NTSBOX_GPSD_RESTARTS", "30"))
KILLS = int(os.environ.get("NTSBOX_KILLS", "200"))
HOURS = float(os.environ.get("NTSBOX_HOURS", "1"))
SIDE_BY_SIDE = 8
AGAIN = 15  # seconds from gpsd's first good sentence to the first sample
WARM = 30  # seconds of service, or three restarts, after which nothing grows
MORE = 64  # kB that the kernel may count later than it gave them (it counts resident pages by the dozen)


class Box(Rig):
    """A chain of real daemons, with a gpsd on a port of its own."""

    def __init__(self, name, port=2947):
        super().__init__(name)
        self.port = port
        self.starts = 0
        self.sim("--offset", "0.001234567")
        self.chronyd()
        self.start_gpsd()

    def start_gpsd(self):
        self.gpsd_process = self.gpsd(self.port)

    def start_daemon(self):
        """With a recording of its own: one that a kill has cut is not appended to."""
        self.starts += 1
        self.record = self.path(f"events-{self.starts}.jsonl")
        self.daemon = self.ntsboxd("--record", self.record, gpsd_port=self.port)

    def last_sample(self):
        """The true second of the newest one that chronyd has measured."""
        try:
            with open(self.path("refclocks.log"), "rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
                return max(samples_of(log.read().decode()), default=0)
        except FileNotFoundError:
            return 0

    def first_sample(self, after):
        self.wait_for_sample(after)
        return min(second for second in self.measured() if second > after)

    def wait_for_sample(self, after):
        wait_until(lambda: self.last_sample() > after, 120, f"a sample ({self.daemon.log})")

    def first_good_sentence(self, after):
        """When the daemon received the first report of a fix after the instant `after`."""
        for line in self.record.read_text().splitlines():
            if "TPV" not in line or not line.endswith("}"):
                continue
            event = json.loads(line)
            report = json.loads(event["line"])
            if report["class"] == "TPV" and report.get("mode", 0) >= 2 and float(event["system"]) > after:
                return float(event["system"])
        raise AssertionError("no fix was reported")

    def size(self):
        """Resident memory of its own in kB, and how many descriptors are open. (Pages of the program and its libraries come with
        the first use of what is in them, the history after ten minutes, and are no growth.)"""
        status = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        kilobytes = sum(int(status.split(kind)[1].split()[0]) for kind in ("RssAnon:", "RssShmem:"))
        return kilobytes, len(os.listdir(f"/proc/{self.daemon.pid}/fd"))


class Restarts(unittest.TestCase):
    def box(self, *arguments):
        box = Box(type(self).__name__.lower(), *arguments)
        self.addCleanup(lambda: box.close(keep=not self._outcome.success))
        return box

    def assert_true(self, box):
        errors = box.errors()
        self.assertTrue(errors)
        self.assertEqual({second: error for second, error in errors.items() if abs(error) > 1000}, {})
        return len(errors)

    def assert_flat(self, before, after):
        self.assertEqual(after[1], before[1], "descriptors")
        self.assertLessEqual(after[0], before[0] + MORE, "kB of resident memory")


class Gpsd(Restarts):
    def test_samples_return_within_fifteen_seconds_of_its_first_good_sentence(self):
        box = self.box()
        box.start_daemon()
        box.wait_for_sample(time.time())
        took, sizes = [], []
        for i in range(GPSD_RESTARTS):
            box.gpsd_process.stop(signal.SIGKILL if i % 2 else signal.SIGTERM)
            stopped = time.time()
            time.sleep(2.5)
            box.start_gpsd()
            # What is measured after 2 s is of the new gpsd.
            first = box.first_sample(stopped + 2)
            took.append(first - box.first_good_sentence(stopped + 2))
            sizes.append(box.size())
        samples = self.assert_true(box)
        print(f"\n{GPSD_RESTARTS} restarts of gpsd: samples {statistics.median(took):.1f} s after its first good sentence, "
              f"{max(took):.1f} s at the latest; resident {sizes[min(2, len(sizes) - 1)][0]} kB after three, {sizes[-1][0]} kB at the end, {sizes[-1][1]} descriptors; "
              f"{samples} samples, all true")
        self.assertLess(max(took), AGAIN)
        self.assert_flat(sizes[min(2, len(sizes) - 1)], sizes[-1])


class Killed(Restarts):
    def test_a_daemon_that_is_killed_at_any_moment_feeds_again(self):
        boxes = [self.box(2947 + i) for i in range(min(SIDE_BY_SIDE, KILLS))]
        with concurrent.futures.ThreadPoolExecutor(len(boxes)) as pool:
            lives = list(pool.map(self.kill_often, boxes, range(len(boxes))))
        took = [seconds for life in lives for seconds in life]
        samples = sum(self.assert_true(box) for box in boxes)
        print(f"\n{len(took)} kills of ntsboxd: samples {statistics.median(took):.1f} s after its first good sentence, "
              f"{max(took):.1f} s at the latest; {samples} samples, all true")
        self.assertLess(max(took), AGAIN)

    def kill_often(self, box, number):
        """How long each life's first sample took."""
        chance = random.Random(number)
        took = []
        for _ in range(-(-KILLS // min(SIDE_BY_SIDE, KILLS))):
            started = time.time()
            box.start_daemon()
            first = box.first_sample(started)
            took.append(first - box.first_good_sentence(started))
            time.sleep(chance.uniform(0, 2))
            box.daemon.stop(signal.SIGKILL)
            self.assertEqual(box.status()["state"], "LOCKED", "the status file is whole")
            # Half of them die a second time, wherever they are by then.
            if chance.random() < 0.5:
                box.start_daemon()
                time.sleep(chance.uniform(0, 1))
                box.daemon.stop(signal.SIGKILL)
        return took


class Hours(Restarts):
    def test_a_daemon_does_not_grow(self):
        box = self.box()
        box.start_daemon()
        box.wait_for_sample(time.time())
        time.sleep(WARM)
        begin, before = time.time(), box.size()
        sizes = [before]
        while time.time() < begin + 3600 * HOURS:
            time.sleep(10)
            sizes.append(box.size())
        samples = self.assert_true(box)
        print(f"\n{(time.time() - begin) / 60:.0f} minutes: resident {before[0]} kB at the beginning, {sizes[-1][0]} kB at the end, "
              f"{max(sizes)[0]} kB at most; {before[1]} and {sizes[-1][1]} descriptors; {samples} samples, all true")
        self.assert_flat(before, sizes[-1])


if __name__ == "__main__":
    enter_namespaces()
    os.nice(-10)  # what is measured is the daemons, not the machine's other work, which makes sentences late
    unittest.main(verbosity=2)
