#!/usr/bin/env python3
"""ntsboxd on a kernel's own PPS as its unit confines it: AppArmor, system calls, capabilities. The guest has no systemd; what that
does for the unit is done by tests/vm/sandbox.cc.
"""

import errno
import functools
import json
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest

import guest

NUMBERS = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
X86_64 = 0xC000003E  # linux/audit.h
# linux/bpf_common.h
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
# linux/seccomp.h
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000


def compiled(profile):
    """As the kernel wants it, for what any kernel since 4.13 can do."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", "--features-file", "/etc/apparmor.d/abi/3.0",
                        "--ofile", out.name, profile], check=True)
        return out.read()


@functools.cache
def calls_in(word):
    """The system calls of a word of SystemCallFilter=, by name."""
    if not word.startswith("@"):
        return frozenset({word})
    said = subprocess.run(["systemd-analyze", "syscall-filter", word], stdout=subprocess.PIPE, text=True, check=True).stdout
    return frozenset().union(*(calls_in(line.strip()) for line in said.splitlines()[1:] if not line.strip().startswith("#")))


def allowed_by(unit):
    """The numbers of the system calls that its lines SystemCallFilter= leave: each adds to those before it, or takes away (systemd.exec(5))."""
    allowed = set(calls_in("@default"))
    for words in re.findall(r"^SystemCallFilter=(.*)$", unit.read_text(), flags=re.MULTILINE):
        calls = frozenset().union(*map(calls_in, words.lstrip("~").split()))
        allowed = allowed - calls if words.startswith("~") else allowed | calls
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", NUMBERS.read_text()))
    return sorted(int(numbers[name]) for name in allowed if name in numbers)


def filter_of(numbers):
    """A seccomp program: these are allowed, any other is not permitted."""
    program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, X86_64), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    for number in numbers:
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    program.append((RETURN, 0, 0, ERRNO | errno.EPERM))
    return b"".join(struct.pack("=HBBI", *step) for step in program)


class Confined(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        files = {"profile": compiled(guest.SOURCE / "debian/apparmor/ntsboxd"),
                 "filter": filter_of(allowed_by(guest.SOURCE / "debian/ntsboxd.service"))}
        cls.files = guest.run("confined.sh", files=files, LENGTH=90, REFCLOCK=guest.SOCK + " poll 2")

    def test_the_profile_is_enforced(self):
        self.assertIn("ntsboxd (enforce)", self.files["profiles"], self.files["scenario"])
        self.assertEqual(self.files["profile"].strip("\0\n"), "ntsboxd (enforce)")
        self.assertIn("/scenario", self.files["forbidden"])
        self.assertIn("Permission denied", self.files["forbidden"])

    def test_other_system_calls_are_refused(self):
        self.assertIn("Operation not permitted", self.files["forbidden_call"])

    def test_it_has_no_capability_and_can_get_none(self):
        process = dict(line.split(":", 1) for line in self.files["process"].splitlines())
        self.assertEqual(process["Name"].strip(), "ntsboxd")
        self.assertEqual(process["Uid"].split(), ["104"] * 4)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(process[name], 16), 0, name)
        self.assertEqual((process["NoNewPrivs"].strip(), process["Seccomp"].strip()), ("1", "2"))

    def test_nothing_that_the_daemon_needs_is_denied(self):
        self.assertEqual(self.files["denied"].strip(), "")
        self.assertNotRegex(self.files["ntsboxd"], "not permitted|denied")
        status = json.loads(self.files["status.json"])
        self.assertEqual((status["state"], status["pps"]["source"]), ("LOCKED", "/dev/pps0"), self.files["ntsboxd"])
        self.assertRegex(self.files["sources"], r"#\* GPS ", self.files["ntsboxd"])


if __name__ == "__main__":
    unittest.main()
