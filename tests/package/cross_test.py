#!/usr/bin/env python3
"""The datagrams of a daemon built for another processor, and the chronyd of that processor's Debian, both emulated.

`tests/package/cross` runs this, with NTSBOX_BUILD and NTSBOX_DAEMONS. What follows from the datagrams is tests/smoke/chain_test.py's.
"""

import pathlib
import socket
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import enter_namespaces  # noqa: E402
from rigged import Rigged  # noqa: E402

CHRONYD = pathlib.Path("/usr/sbin/chronyd").read_bytes()
OFFSET = 0.001234567


def timeval():
    """How struct(3) writes chronyd's struct timeval: where pointers have 32 bits, by the clock that chronyd reads."""
    of_32_bits = CHRONYD[4] == 1  # elf(5), EI_CLASS
    return "ii" if of_32_bits and b"__clock_gettime64" not in CHRONYD else "qq"


class Datagram(Rigged):
    def test_it_is_of_the_shape_that_chronyd_was_built_for(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as chronyd:
            chronyd.bind(str(self.rig.path("chrony.sock")))
            chronyd.settimeout(120)
            self.rig.sim("--offset", str(OFFSET))
            self.rig.gpsd()
            self.rig.ntsboxd()
            datagram = chronyd.recv(100)
        print(f"{len(datagram)} bytes", file=sys.stderr)
        shape = struct.Struct(f"={timeval()}diiii")
        self.assertEqual(len(datagram), shape.size)
        seconds, microseconds, offset, pulse, leap, _, magic = shape.unpack(datagram)
        self.assertEqual((pulse, leap, magic), (0, 0, 0x534F434B))
        self.assertLess(microseconds, 10**6)
        self.assertIn(seconds + round(microseconds * 1e-6 + offset), self.rig.truth())


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
