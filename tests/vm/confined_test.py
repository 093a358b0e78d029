#!/usr/bin/env python3
"""ntsboxd under its AppArmor profile, on a kernel that enforces it."""

import json
import subprocess
import tempfile
import unittest

import guest


def compiled(profile):
    """As the kernel wants it, for what any kernel since 4.13 can do."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", "--features-file", "/etc/apparmor.d/abi/3.0",
                        "--ofile", out.name, profile], check=True)
        return out.read()


class Confined(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        profile = compiled(guest.SOURCE / "debian/apparmor/ntsboxd")
        cls.files = guest.run("confined.sh", files={"profile": profile}, LENGTH=90, REFCLOCK=guest.SOCK + " poll 2")

    def test_the_profile_is_enforced(self):
        self.assertIn("ntsboxd (enforce)", self.files["profiles"], self.files["scenario"])
        self.assertEqual(self.files["profile"].strip("\0\n"), "ntsboxd (enforce)")
        self.assertIn("/scenario", self.files["forbidden"])
        self.assertIn("Permission denied", self.files["forbidden"])

    def test_nothing_that_the_daemon_needs_is_denied(self):
        self.assertEqual(self.files["denied"].strip(), "")
        status = json.loads(self.files["status.json"])
        self.assertEqual((status["state"], status["pps"]["source"]), ("LOCKED", "/dev/pps0"), self.files["ntsboxd"])
        self.assertRegex(self.files["sources"], r"#\* GPS ", self.files["ntsboxd"])


if __name__ == "__main__":
    unittest.main()
