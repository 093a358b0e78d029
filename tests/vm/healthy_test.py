#!/usr/bin/env python3
"""ntsboxd on a kernel's own PPS (RFC 2783), with real gpsd and chronyd, in a guest whose clock chronyd disciplines."""

import json
import unittest

import guest

# An instruction takes a nanosecond there, and from the edge to the stamp it is some 900 of them: 909 in Debian 12's kernel, 943 in
# Debian 13's (the median of a run without this). It is what a board's latency is elsewhere: the same for each pulse, and told.
LATENCY_NS = 900


class Healthy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = guest.run("healthy.sh", LENGTH=180, LATENESS="auto", LATENCY=LATENCY_NS, REFCLOCK=guest.SOCK_OF_A_LINE)
        cls.status = json.loads(cls.files["status.json"])

    def test_the_scenario_ran(self):
        self.assertEqual(self.files["status"].strip(), "0", self.files["scenario"])

    def test_chronyd_follows_the_pulses_and_has_each(self):
        self.assertRegex(self.files["sources"], r"#\* GPS +0 +1 +377 ", self.files["ntsboxd"])

    def test_chronyd_selects_them_within_five_seconds_of_the_first(self):
        self.assertLessEqual(round(guest.selected_after(self.files), 3), 5)

    def test_the_kernels_pulses_are_believed(self):
        self.assertEqual(self.status["state"], "LOCKED")
        self.assertEqual(self.status["pps"]["source"], "/dev/pps0")
        self.assertGreater(self.status["samples"], 140)

    def test_the_clock_is_within_half_a_microsecond_of_the_truth(self):
        settled = [error for second, error in guest.clock_errors(self.files).items() if second >= 90]
        self.assertEqual(len(settled), 90)
        self.assertLess(max(map(abs, settled)), 500)


if __name__ == "__main__":
    unittest.main()
