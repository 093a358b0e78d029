#!/usr/bin/env python3
"""A box on a kernel's own PPS by nothing but the files that ntsbox-provision made of a bare Debian tree."""

import json
import pathlib
import sys
import tempfile
import unittest

import guest

sys.path[:0] = [str(guest.SOURCE / "tests" / folder) for folder in ("provision", "rig")]
import kill_test  # noqa: E402

FLAGS = ("apply", "--yes", "--offline", "--airgap", "--name", "box.example", "--board", "generic",
         "--receiver", "/dev/ttyS1", "--pulse", "/dev/pps0")
MADE = ("etc/chrony/chrony.conf", "etc/chrony/nts/server.key", "etc/ntsbox/gpsd.env", "etc/ntsbox/ntsboxd.toml")


def provisioned():
    """What the daemons read of a provisioned tree, by name."""
    with tempfile.TemporaryDirectory(prefix="ntsbox-tree.") as name:
        tree = pathlib.Path(name)
        kill_test.make_tree(tree)
        made = kill_test.provision(tree, FLAGS, program=guest.BUILD / "bin/ntsbox-provision")
        if made.returncode != 0:
            raise RuntimeError(made.stdout)
        return {path: (tree / path).read_bytes() for path in MADE}


class Provisioned(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = guest.run("provisioned.sh", files=provisioned(), LENGTH=300)

    def test_chronyd_follows_the_pulses(self):
        self.assertRegex(self.files["sources"], r"#\* GPS +0 +3 +377 ", self.files["chronyd"] + self.files["ntsboxd"])

    def test_the_daemon_takes_the_kernels_pulses_as_it_was_told(self):
        status = json.loads(self.files["status.json"])
        self.assertEqual((status["state"], status["pps"]["source"]), ("LOCKED", "/dev/pps0"), self.files["ntsboxd"])

    def test_time_and_keys_are_served(self):
        self.assertRegex(self.files["listening"], r"tcp .*:4460 ")
        self.assertRegex(self.files["listening"], r"udp .*:123 ")

    def test_the_clock_is_within_a_microsecond_of_the_truth(self):
        settled = [error for second, error in guest.clock_errors(self.files).items() if second >= 200]
        self.assertEqual(len(settled), 100)
        self.assertLess(max(map(abs, settled)), 1000)


if __name__ == "__main__":
    unittest.main()
