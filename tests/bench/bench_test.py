#!/usr/bin/env python3
"""The benchmark runs to its end and has all of its figures. How good they are is not asked: a test machine is no bench."""

import json
import pathlib
import subprocess
import sys
import unittest

BENCH = pathlib.Path(__file__).resolve().parent / "bench.py"
PROGRAMS = {"ntsboxd", "gpspipe", "libgps_client"}


def figures_of(*options):
    bench = subprocess.run([sys.executable, "-B", BENCH, "--quick", "--json", *options], stdout=subprocess.PIPE, check=True)
    return json.loads(bench.stdout)


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.figures = figures_of()

    def test_starts_and_ends_were_timed(self):
        start = self.figures["start"]
        for what in ("ready", "end"):
            self.assertGreater(start[f"{what}_median_ms"], 0)
            self.assertGreaterEqual(start[f"{what}_max_ms"], start[f"{what}_median_ms"])

    def test_a_healthy_log_was_replayed(self):
        replay = self.figures["replay"]
        self.assertGreater(replay["events"], 20_000)
        self.assertAlmostEqual(replay["events_per_second"], replay["events"] / replay["seconds"], delta=1)

    def test_the_judge_of_lateness_was_timed(self):
        self.assertEqual(self.figures["lateness"]["pulses"], 2000)
        self.assertGreater(self.figures["lateness"]["us_a_pulse"], 0)

    def test_every_program_was_measured_at_both_rates(self):
        self.assertEqual(set(self.figures["cost"]), {"1", "10"})
        for rate, programs in self.figures["cost"].items():
            self.assertEqual(set(programs), PROGRAMS)
            for name, cost in programs.items():
                with self.subTest(name, rate=rate):
                    # A program that follows gpsd uses some of the CPU, and not all of it; and wakes up for each cycle.
                    self.assertGreater(cost["cpu_ms_per_s"], 0)
                    self.assertLess(cost["cpu_ms_per_s"], 1000)
                    self.assertGreater(cost["wakeups_per_s"], 0.5 * int(rate))
                    self.assertGreater(cost["private_kb"], 0)
                    self.assertGreaterEqual(cost["pss_kb"], cost["private_kb"])
                    self.assertGreaterEqual(cost["rss_kb"], cost["pss_kb"])

    def test_both_senders_were_measured_on_the_same_pulses(self):
        self.assertEqual(set(self.figures["latency"]), {"idle", "busy"})
        for what, latency in self.figures["latency"].items():
            with self.subTest(what):
                self.assertEqual(set(latency), {"ntsboxd", "bare_sender", "difference"})
                self.assertEqual(len({figures["count"] for figures in latency.values()}), 1)
                self.assertGreater(latency["ntsboxd"]["count"], 1)
                for sender in ("ntsboxd", "bare_sender"):
                    # No datagram is older than its edge, whose stamp it carries in whole µs, nor older than a pulse.
                    self.assertGreater(latency[sender]["median_us"], 0)
                    self.assertLess(latency[sender]["p999_us"], 1e6)
                    self.assertGreaterEqual(latency[sender]["p99_us"], latency[sender]["median_us"])

    def test_latency_can_be_measured_by_itself(self):
        figures = figures_of("--only-latency")
        self.assertEqual(set(figures), {"machine", "latency", "targets"})
        self.assertEqual(len(figures["targets"]), 2)

    def test_each_target_has_its_verdict(self):
        targets = self.figures["targets"]
        self.assertEqual(len(targets), 7)
        for target in targets:
            with self.subTest(target["what"]):
                least = target["bound_is"] == "least"
                well = target["figure"] >= target["bound"] if least else target["figure"] <= target["bound"]
                self.assertEqual(target["met"], well)


if __name__ == "__main__":
    unittest.main(verbosity=2)
