#!/usr/bin/env python3
"""ntsbox-report over folders of users who mean harm to whoever runs it: it ends soon, stays small, and shows nothing of other files."""

import gzip
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "status/report"), str(HERE)]
from evidence import Source, chrony_log, daily, read, rotation, served_in  # noqa: E402
from foreign import MOST_NAMES  # noqa: E402
from made_up_box import BEGIN, MadeUpBox  # noqa: E402
from pictures_test import BUILD, SINCE, UNTIL, Report  # noqa: E402

MOST_MEMORY = 150 << 10  # KiB; 46 MB without anything to read


class Hostile(Report):
    def setUp(self):
        super().setUp()
        self.box = MadeUpBox(self.folder, minutes=20, gaps=(), outage=(0, 0))
        self.log = self.box.chrony / "tracking.log"
        self.day = sorted(self.box.history.iterdir())[0]

    def trouble(self, name, **places):
        return " ".join(self.read(self.numbers(**places), name)["trouble"])

    def test_a_named_pipe_is_not_waited_for(self):
        for path, name in ((self.log, "tracking.log"), (self.day, "history")):
            path.unlink()
            os.mkfifo(path)
            self.assertIn(f"{path}: it is not a regular file", self.trouble(name))

    def test_a_link_is_not_followed(self):
        secret = self.folder / "secret"
        self.log.rename(secret)
        self.log.symlink_to(secret)
        self.assertIn(f"{self.log}: it is a symbolic link", self.trouble("tracking.log"))
        self.assertEqual(self.read(self.numbers(), "tracking.log")["records"], 0)
        (self.folder / "link").symlink_to(self.box.history)
        self.assertIn("link: it is a symbolic link, which is not followed: name the folder itself", self.trouble("history", history="link"))

    def test_a_line_that_decompresses_to_a_gigabyte_costs_no_memory(self):
        member = gzip.compress(bytes(1 << 20))
        self.log.with_name("tracking.log.1.gz").write_bytes(gzip.compress(b"x") + member * 1024)
        command = [BUILD / "bin/ntsbox-report", "--history", self.box.history, "--served", self.box.served, "--chrony", self.box.chrony,
                   "--since", SINCE, "--until", UNTIL, "--json"]
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE) as report:
            numbers = json.loads(report.stdout.read())
            _, status, usage = os.wait4(report.pid, 0)
            report.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(report.returncode, 0)
        read = self.read(numbers, "tracking.log")
        self.assertIn("it is longer than 65536 bytes", read["first_bad"][0]["why"])
        self.assertIn("are not read", read["trouble"][0])
        self.assertGreater(read["records"], 0, "the newest log was read first")
        self.assertLess(usage.ru_maxrss, MOST_MEMORY)

    def test_too_much_to_keep_is_said_and_nothing_is_written(self):
        self.box.write_refclocks(60_000)
        small = (30 << 20, 30 << 20)
        done = subprocess.run([BUILD / "bin/ntsbox-report", "--chrony", self.box.chrony, "--since", SINCE, "--until", UNTIL, "--json"],
                              capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, small))
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn("ntsbox-report: there is more to read than fits into", done.stderr)

    def test_strange_names_are_passed_over(self):
        for name in ("tracking.log.\u00b2", "tracking.log.\x9b2J", "tracking.log.1.\udcff", "tracking.logs", "tracking.log." + "9" * 200):
            (self.box.chrony / name).write_text("x\n")
        self.assertEqual(self.read(self.numbers(), "tracking.log")["files"], [str(self.log)])
        (self.box.history / "2026-11-22.jsonl\n").write_text("x\n")
        self.assertEqual(self.read(self.numbers(), "history")["files"], [str(self.day)])

    def test_a_folder_without_end_is_not_read(self):
        for number in range(MOST_NAMES + 1):
            os.link(self.day, self.box.history / f"{number}")
        self.assertIn(f"it has more than {MOST_NAMES} entries", self.trouble("history"))


class Bounds(unittest.TestCase):
    """As the programs have them, but smaller."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="ntsbox-report-")))

    def served(self, lines, length):
        source = Source("served", "", "", (lines, length))
        return read(source, self.folder, re.compile("[0-9]+"), lambda names: sorted(names, reverse=True), served_in, 0, 1e12)

    def test_so_many_lines_and_bytes_are_read_the_newest_first(self):
        for day in range(1, 4):
            (self.folder / str(day)).write_text("".join(f'{{"t":{day}{line},"served":[1,1,1,1]}}\n' for line in range(5)))
        whole = self.served(15, 1000)
        self.assertEqual((len(whole.records), whole.trouble), (15, []))
        some = self.served(7, 1000)
        self.assertEqual({record.time // 10 for record in some.records}, {2, 3})
        self.assertEqual((len(some.records), len(some.trouble)), (7, 1))
        self.assertEqual(len(self.served(15, 100).records), 3)

    def test_an_unknown_number_of_clients_is_not_0(self):
        self.assertIsNone(served_in('{"t":1,"served":[null,900,800,4]}').clients)
        with self.assertRaises(ValueError):
            served_in('{"t":1,"served":[1,null,800,4]}')
        (self.folder / "2026-11-22.jsonl").write_text(f'{{"t":{BEGIN + 60},"served":[null,900,800,4]}}\n')
        self.assertEqual(len(daily(Source("served", "", "", (10, 1000)), self.folder, served_in, 0, 1e12).records), 1)

    def test_rotated_logs_are_ordered(self):
        names = ["tracking.log", "tracking.log.1", "tracking.log.2.gz", "tracking.log.10.gz", "tracking.log-20261101", "tracking.log-20261025.gz"]
        self.assertEqual(sorted(reversed(names), key=rotation), names)
        (self.folder / "tracking.log").touch()
        self.assertEqual(len(chrony_log(self.folder, "tracking", "", None, 0, 1).files), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
