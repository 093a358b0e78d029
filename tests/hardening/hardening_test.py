#!/usr/bin/env python3
"""How little the daemons may do, by systemd's own measure, and how the programs are built."""

import json
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, DAEMONS, ROOT  # noqa: E402

# The most exposure of a unit (systemd-analyze security), in tenths.
OURS = {"ntsboxd.service": 15, "ntsbox-holdover.service": 10, "ntsbox-gpsd-restart.service": 5, "ntsbox-status.service": 10,
        "ntsbox-metrics.service": 15, "ntsbox-provision-resume.service": 40}
# Their package's unit, and the drop-in as tests/provision/golden/ has it.
THEIRS = {"gpsd.service": ("gpsd-drop-in.conf", 40), "chrony.service": ("chrony-drop-in.conf", 30)}
PROGRAMS = ("ntsboxd", "ntsbox-provision", "ntsbox-sim", "ntsbox-pps")
# How a function begins that an indirect call may reach: endbr64, paciasp.
LANDINGS = {"x86_64": b"\xf3\x0f\x1e\xfa", "aarch64": b"\x3f\x23\x03\xd5"}


class Units(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ntsbox-hardening-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.units = self.root / "usr/lib/systemd/system"
        self.units.mkdir(parents=True)
        (self.root / "lib").symlink_to("usr/lib")

    def exposure(self, unit, most):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--root={self.root}", f"--threshold={most}", unit],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"exposure level for {unit}", done.stdout)

    def test_ours_are_hardened(self):
        for unit, most in OURS.items():
            shutil.copy(ROOT / "debian" / unit, self.units / unit)
            self.exposure(unit, most)

    def test_theirs_are_hardened_by_what_ntsbox_provision_adds(self):
        for unit, (drop_in, most) in THEIRS.items():
            shutil.copy(DAEMONS / "usr/lib/systemd/system" / unit, self.units / unit)
            folder = self.root / f"etc/systemd/system/{unit}.d"
            folder.mkdir(parents=True)
            shutil.copy(ROOT / "tests/provision/golden" / drop_in, folder / "ntsbox.conf")
            self.exposure(unit, most)


class Confinement(unittest.TestCase):
    """What the kernel makes of the profile, and that the daemon works under it, is seen in the guest (tests/vm)."""

    def test_the_profile_is_one(self):
        # Without a kernel to ask what it can do.
        subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", "--features-file", "/etc/apparmor.d/abi/3.0",
                        ROOT / "debian/apparmor/ntsboxd"], check=True)

    def test_the_unit_asks_for_it(self):
        unit = (ROOT / "debian/ntsboxd.service").read_text()
        self.assertIn("AppArmorProfile=-ntsboxd\n", unit)


class Programs(unittest.TestCase):
    def read(self, program, *options):
        return subprocess.run(["readelf", "--wide", *options, BUILD / "bin" / program], check=True, capture_output=True, text=True).stdout

    def test_they_stand_anywhere_in_memory(self):
        for program in PROGRAMS:
            self.assertRegex(self.read(program, "--file-header"), r"Type:\s+DYN", program)
            self.assertRegex(self.read(program, "--dynamic"), r"FLAGS_1.*PIE", program)

    def test_their_tables_are_read_only_once_they_are_linked(self):
        for program in PROGRAMS:
            self.assertIn("GNU_RELRO", self.read(program, "--program-headers"), program)
            self.assertRegex(self.read(program, "--dynamic"), r"FLAGS_1.*NOW", program)

    def test_their_stacks_run_no_code_and_are_watched(self):
        for program in PROGRAMS:
            self.assertRegex(self.read(program, "--program-headers"), r"GNU_STACK.* RW ", program)
            self.assertIn("__stack_chk_fail", self.read(program, "--dyn-syms"), program)

    def test_indirect_calls_land_on_the_beginnings_of_functions(self):
        landing = LANDINGS.get(platform.machine())
        if not landing:
            self.skipTest(f"{platform.machine()} has nothing of the kind")
        for program in PROGRAMS:
            self.assertGreater((BUILD / "bin" / program).read_bytes().count(landing), 500, program)

    def test_what_is_installed_is_built_with_checked_copies(self):
        """The debug builds that are tested have no use for the option: a compiler that does not optimise checks nothing."""
        with tempfile.TemporaryDirectory(prefix="ntsbox-release-") as folder:
            subprocess.run(["cmake", "--preset", "release", "-B", folder], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            commands = json.loads(pathlib.Path(folder, "compile_commands.json").read_text())
        self.assertGreater(len(commands), 50)
        for each in commands:
            for option in ("-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong", "-fstack-clash-protection"):
                self.assertIn(option, each["command"].split(), each["file"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
