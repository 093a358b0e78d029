#!/usr/bin/env python3
"""A bad year within seven minutes: what a box's clock makes of outages, restarts, a step, and a receiver gone wrong."""

import json
import pathlib
import sys
import unittest

import guest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import samples_of  # noqa: E402

STEP = 400
LENGTH = 440


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = guest.run("faults.sh", LENGTH=LENGTH, REFCLOCK=guest.SOCK + " poll 2 filter 4", STEPS=-1,
                              MORE="--silent 90 110 --jumped 240 255 --twice 270 285")
        cls.status = json.loads(cls.files["status.json"])
        cls.errors = guest.clock_errors(cls.files)

    def worst(self, begin, end):
        return max(abs(error) for second, error in self.errors.items() if begin <= second < end)

    def test_the_scenario_ran(self):
        self.assertEqual(self.files["status"].strip(), "0", self.files["scenario"])
        self.assertEqual(len(self.errors), LENGTH)

    def test_outages_and_restarts_cost_microseconds(self):
        self.assertLess(self.worst(60, 195), 100_000)

    def test_a_receiver_that_tells_another_second_is_not_believed(self):
        self.assertIn("the receiver contradicts the counted second", self.files["ntsboxd"])
        self.assertLess(self.worst(195, STEP), 100_000)

    def test_nor_is_a_second_edge(self):
        self.assertGreaterEqual(self.status["refused"]["pulse-rate"], 15, self.status)

    def test_a_step_of_the_clock_is_told_to_chronyd(self):
        # How long chronyd takes to step back is chronyd's: its filter holds samples from before.
        self.assertGreater(self.worst(STEP, STEP + 10), 500_000_000)
        self.assertGreater(self.status["refused"]["clock-step"], 0)

    def test_each_sample_was_the_clocks_error_at_its_second(self):
        ahead = {second: error for second, _, error in guest.truth(self.files)}
        samples = samples_of(self.files["refclocks.log"])
        self.assertGreater(len(samples), 200)
        for second, offset in samples.items():
            self.assertLess(abs(offset + ahead[second]), 20_000, f"{second}: {offset} ns")

    def test_before_the_step_all_is_well_again(self):
        self.assertEqual(json.loads(self.files["recovered.json"])["state"], "LOCKED", self.files["ntsboxd"])
        self.assertLess(self.worst(STEP - 10, STEP - 1), 20_000)


if __name__ == "__main__":
    unittest.main()
