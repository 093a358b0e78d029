#!/usr/bin/env python3
"""`ntsboxd --replay`: a malformed line of the event log is an error that names its number. The decisions: replay_test.cc."""

import os
import pathlib
import subprocess
import unittest

NTSBOXD = pathlib.Path(os.environ["NTSBOX_BUILD"], "bin/ntsboxd").absolute()


def replay(data):
    return subprocess.run([NTSBOXD, "--replay", "-"], input=data, capture_output=True, timeout=120)


class Malformed(unittest.TestCase):
    def test_a_malformed_line_is_named(self):
        at = '"system":"1.000000000","monotonic":"1.000000000"'
        for line in ("nonsense", "[]", "{}", "1", '{"event":"tick"}', '{"event":"tick","system":1,"monotonic":"1.000000000"}',
                     '{"event":"tick","system":"1.0","monotonic":"1.000000000"}', f'{{"event":"pulse",{at}}}',
                     f'{{"event":"pulse",{at},"stamp":"1.000000000","sequence":-1}}',
                     f'{{"event":"pulse",{at},"stamp":"1.000000000","sequence":1.5}}',
                     f'{{"event":"pulse",{at},"stamp":1,"sequence":1}}', f'{{"event":"gpsd",{at}}}',
                     f'{{"event":"gpsd",{at},"line":7}}', f'{{"event":"start",{at},"floor":"yesterday"}}',
                     f'{{"event":"start",{at},"version":1', b'{"event":"\xff",' + at.encode() + b"}"):
            with self.subTest(line=line):
                data = line if isinstance(line, bytes) else line.encode()
                done = replay(f'{{"event":"tick",{at},"synchronised":false,"maxerror":"0.000000000"}}\n\n'.encode() + data + b"\n")
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(b"line 3", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
