#!/usr/bin/env python3
"""ntsbox-report on made-up days: every chart has its data, the sums are those of the input, and what is bad or missing is said."""

import gzip
import html.parser
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "rig"), str(HERE)]
from made_up_box import BEGIN, MadeUpBox, stamp  # noqa: E402
from rig import BUILD  # noqa: E402

SINCE, UNTIL = "2026-11-21", "2026-11-25"
VOID = {"meta", "link", "br"}


class Reader(html.parser.HTMLParser):
    """What of a page is looked at."""

    def __init__(self, text):
        super().__init__()
        self.open, self.figures, self.addresses, self.crossed = [], {}, [], []
        self.feed(text)
        self.close()
        self.words = re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL))

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        if tag == "figure":
            self.figures[told["id"]] = int(told["data-points"])
        self.addresses += [value for key, value in told.items() if key in ("src", "href", "xlink:href", "action", "data", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="ntsbox-report-")))
        self.output = self.folder / "report.html"

    def ask(self, *options, history="history", served="served", chrony="chrony", env=None):
        return subprocess.run([BUILD / "bin/ntsbox-report", "--history", self.folder / history, "--served", self.folder / served,
                               "--chrony", self.folder / chrony,
                               "--host", "box <of> tests", *options], capture_output=True, text=True, env={**os.environ, **(env or {})})

    def numbers(self, *options, **places):
        done = self.ask("--since", SINCE, "--until", UNTIL, "--json", *options, **places)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def page(self, **places):
        done = self.ask("--since", SINCE, "--until", UNTIL, "--output", self.output, **places)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        return self.output.read_text()

    @staticmethod
    def figure(page, key):
        return re.search(rf'<figure id="{key}".*?</figure>', page, re.DOTALL).group(0)

    def read(self, numbers, name):
        return next(source for source in numbers["read"] if source["name"] == name)


class Page(Report):
    @classmethod
    def setUpClass(cls):
        cls.whole = pathlib.Path(tempfile.mkdtemp(prefix="ntsbox-report-"))
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", cls.whole], check=True)
        cls.box = MadeUpBox(cls.whole)
        output = cls.whole / "report.html"
        subprocess.run([BUILD / "bin/ntsbox-report", "--history", cls.box.history, "--served", cls.box.served, "--chrony", cls.box.chrony, "--since", SINCE,
                        "--until", UNTIL, "--host", "box <of> tests", "--output", output], check=True)
        cls.text = output.read_text()
        cls.reader = Reader(cls.text)

    def test_each_chart_has_all_its_data(self):
        box = self.box
        measured = sum("offset" in minute for minute in box.minutes)
        self.assertEqual(self.reader.figures, {
            "clock": measured, "histogram": measured, "jitter": measured, "refusals": len(box.minutes), "frequency": len(box.updates),
            "temperature": len(box.updates), "allan": self.reader.figures["allan"], "satellites": len(box.minutes),
            "sky": sum(len(minute.get("sky", [])) for minute in box.minutes), "served": len(box.collected) - 1,
            "others": 2 * len(box.updates[::40])})
        self.assertGreater(self.reader.figures["allan"], 10)
        self.assertNotIn("Not drawn", self.text)

    def test_each_chart_is_drawn(self):
        for key in self.reader.figures:
            with self.subTest(chart=key):
                svg = re.search(r"<svg.*?</svg>", self.figure(self.text, key), re.DOTALL).group(0)
                self.assertTrue(xml.etree.ElementTree.fromstring(svg).findall(".//path"))
                self.assertGreater(svg.count("<use") + len(re.findall(r"[ML] [\d.]+ [\d.]+", svg)), 20)

    def test_it_needs_nothing_else(self):
        self.assertNotIn("http", self.text)
        self.assertNotIn("<script", self.text)
        self.assertNotIn("@import", self.text)
        self.assertEqual({address for address in self.reader.addresses if not address.startswith(("#", "data:,"))}, set())
        self.assertEqual(set(re.findall(r"url\((.)", self.text)), {"#"})

    def test_it_is_well_formed_and_each_name_stands_once(self):
        self.assertEqual((self.reader.open, self.reader.crossed), ([], []))
        names = re.findall(r'\bid="([^"]+)"', self.text)
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", self.text)) - {(name, "") for name in names} -
                         {("", name) for name in names}, set())

    def test_its_colours_are_those_of_the_page(self):
        drawn = "".join(re.findall(r"<svg.*?</svg>", self.text, re.DOTALL))
        self.assertEqual(set(re.findall(r"#[0-9a-f]{6}\b", drawn)), set())
        used = set(re.findall(r"var\((--\w+)\)", self.text))
        for head in (":root {\n  color-scheme", "@media (prefers-color-scheme: dark)", "@media print"):
            given = self.text[self.text.index(head):]
            self.assertEqual(used - set(re.findall(r"(--\w+):", given[:given.index("}")])), set(), head)

    def test_its_sums_are_those_of_the_input(self):
        totals, refused = self.box.totals, self.box.refused
        self.assertEqual(sum(refused.values()) + totals["samples"], totals["pulses"])
        for what, count in (("samples for chronyd", totals["samples"]), ("all pulses", totals["pulses"]),
                            *((f"refused: {reason}", count) for reason, count in refused.items())):
            self.assertRegex(self.reader.words, rf"{what} +{count} ")
        self.assertEqual(len(refused), 3)

    def test_a_gap_is_said_and_no_line_is_drawn_over_it(self):
        self.assertIn("The history has 2 gaps of 35 min in all", self.reader.words)
        self.assertIn("2026-11-22 05:00 2026-11-22 05:30 30 min", self.reader.words)
        self.assertIn("Nothing is recorded before 2026-11-22 00:00", self.reader.words)
        line = next(path for path in re.findall(r'<path d="([^"]*)"[^>]*stroke: var\(--one\)', self.figure(self.text, "clock"))
                    if path.count("L") > 50)
        self.assertEqual(line.count("M"), 3)  # before, between and behind the half hour off and the forty minutes without a fix

    def test_the_hosts_name_is_a_text(self):
        self.assertIn("The time of box &lt;of&gt; tests", self.text)


class Figures(Report):
    def setUp(self):
        super().setUp()
        self.box = MadeUpBox(self.folder, minutes=400)

    def test_they_are_those_of_the_input(self):
        numbers, box = self.numbers(), self.box
        self.assertEqual({key: numbers["history"][key] for key in ("pulses", "samples", "missed", "refused", "seconds", "minutes")},
                         {"pulses": box.totals["pulses"], "samples": box.totals["samples"], "missed": 0, "refused": dict(box.refused),
                          "seconds": box.totals["span"], "minutes": len(box.minutes)})
        offsets = sorted(-minute["offset"][1] * 1e-9 for minute in box.minutes if "offset" in minute)
        self.assertEqual(numbers["clock_error_seconds"]["count"], len(offsets))
        self.assertAlmostEqual(numbers["clock_error_seconds"]["least"], offsets[0])
        self.assertAlmostEqual(numbers["clock_error_seconds"]["most"], offsets[-1])
        self.assertEqual(numbers["frequency_ppm"]["count"], len(box.updates))
        self.assertAlmostEqual(numbers["frequency_ppm_per_degree"], 0.04, places=2)
        self.assertEqual(numbers["requests"], 12 * (len(box.minutes) - 1))
        self.assertEqual(numbers["requests_authenticated"], 9 * (len(box.minutes) - 1))
        self.assertEqual(set(numbers["other_sources_error_seconds"]), {"192.0.2.1", "2001:db8::7b"})

    def test_the_allan_deviation_is_that_of_the_definition(self):
        found = {each["tau_seconds"]: each for each in self.numbers()["allan_deviation"]}
        self.assertAlmostEqual(found[1]["deviation"], math.sqrt(4e5 / 2) * 1e-9, places=15)
        phase = {minute["whole"][0]: minute["whole"][1] * 1e-9 for minute in self.box.minutes if "whole" in minute}
        for tau in (60, 240):
            squares = [(phase[t] - 2 * phase[t + tau] + phase[t + 2 * tau]) ** 2 for t in phase
                       if t + tau in phase and t + 2 * tau in phase]
            self.assertEqual(found[tau]["count"], len(squares))
            self.assertAlmostEqual(found[tau]["deviation"] / math.sqrt(sum(squares) / len(squares) / 2 / tau ** 2), 1)

    def test_the_period_is_heeded(self):
        numbers = self.numbers("--since", stamp(BEGIN + 3600).replace(" ", "T"), "--until", stamp(BEGIN + 7200).replace(" ", "T") + "Z")
        self.assertEqual(numbers["history"]["minutes"], 61)
        self.assertEqual(numbers["frequency_ppm"]["count"], 241)

    def test_single_samples_stand_in_for_a_history(self):
        offsets = self.box.write_refclocks(600)
        numbers = self.numbers(history="none")
        self.assertEqual(numbers["clock_error_from"], "refclocks.log")
        self.assertEqual(numbers["clock_error_seconds"]["count"], 600)
        self.assertAlmostEqual(numbers["clock_error_seconds"]["most"], -min(offsets), places=12)
        self.assertEqual(numbers["jitter_seconds"]["count"], 598)
        self.assertEqual(numbers["allan_deviation"][0]["count"], 598)

    def test_a_restart_of_chronyd_does_not_count_backwards(self):
        with open(sorted(self.box.served.iterdir())[-1], "a") as file:
            file.write(json.dumps({"t": self.box.end + 60, "served": [3, 5, 4, 0]}) + "\n")
        self.assertEqual(self.numbers()["requests"], 12 * (len(self.box.minutes) - 1) + 5)

    def test_rotated_logs_are_read(self):
        log = self.box.chrony / "tracking.log"
        lines = log.read_text().splitlines(True)
        (self.box.chrony / "tracking.log.2.gz").write_bytes(gzip.compress("".join(lines[:500]).encode()))
        (self.box.chrony / "tracking.log.1").write_text("".join(lines[500:900]))
        log.write_text("".join(lines[900:]))
        self.assertEqual(self.read(self.numbers(), "tracking.log")["records"], len(self.box.updates))


class Bad(Report):
    """Input and orders."""

    def setUp(self):
        super().setUp()
        self.box = MadeUpBox(self.folder, minutes=120, gaps=(), outage=(60, 62))

    def spoil(self):
        """Four bad lines in the history, three in tracking.log, and a compressed log that ends amidst."""
        path = sorted(self.box.history.iterdir())[0]
        lines = path.read_bytes().splitlines(True)
        lines[10:10] = [b'{"t":179530\n', b"\0\0\0\0\n", b'{"t":1795305600,"span":60,"state":"LOCKED","fix":3,"used":8,"pulses":9,"samples":7,"missed":0}\n']
        path.write_bytes(b"".join(lines) + b'{"t":17953056')
        log = self.box.chrony / "tracking.log"
        lines = log.read_text().splitlines(True)
        packed = gzip.compress("".join(lines[:40]).encode())
        (self.box.chrony / "tracking.log.1.gz").write_bytes(packed[:len(packed) // 2])
        lines[8:8] = ["2026-11-22 00:01:12 GPS 1 -3.5\n", lines[8].replace("GPS", "GPS one"), lines[8].replace("00:", "99:", 1)]
        log.write_text("".join(lines))

    def test_bad_lines_are_counted_and_named_and_cost_nothing_else(self):
        before = self.numbers()
        self.spoil()
        after = self.numbers()
        self.assertEqual(after["history"], before["history"])
        history, tracking = self.read(after, "history"), self.read(after, "tracking.log")
        self.assertEqual(history["bad"], 4)
        self.assertEqual([each["line"] for each in history["first_bad"]], [11, 12, 13, 124])
        self.assertIn("do not add up", history["first_bad"][2]["why"])
        self.assertIn("cut", history["first_bad"][3]["why"])
        named = {each["line"]: each["why"] for each in tracking["first_bad"] if each["file"].endswith("tracking.log")}
        self.assertIn("5 columns, where 14 should be", named[9])
        self.assertEqual(set(named), {9, 10, 11})
        self.assertIn("tracking.log.1.gz", tracking["trouble"][0])

    def test_the_page_says_so(self):
        self.spoil()
        words = Reader(self.page()).words
        self.assertRegex(words, r"history.{1,60}: 120 records, 4 bad lines in 1 file")
        self.assertIn("2026-11-22.jsonl, line 11: ", words)
        self.assertIn("tracking.log, line 9: 5 columns, where 14 should be", words)

    def test_what_is_missing_is_said_in_its_place(self):
        text = self.page(chrony="none")
        for key in ("frequency", "temperature", "others"):
            self.assertIn("Not drawn: ", self.figure(text, key))
            self.assertIn("No such file or directory", self.figure(text, key))
        self.assertNotIn("Not drawn", self.figure(text, "clock"))
        text = self.page(history="none", served="none")
        for key in ("clock", "histogram", "jitter", "refusals", "allan", "satellites", "sky", "served"):
            self.assertIn("Not drawn: ", self.figure(text, key))
        self.assertNotIn("Not drawn", self.figure(text, "frequency"))
        (self.box.chrony / "tracking.log").unlink()
        self.assertIn("log tracking", self.figure(self.page(), "frequency"))

    def test_a_page_replaces_another_whole(self):
        self.output.write_text("another")
        self.page()
        self.assertEqual(self.output.stat().st_mode & 0o777, 0o644)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.is_file()], ["report.html"])

    def test_nothing_at_all_is_no_page(self):
        for places in ({"history": "none", "served": "none", "chrony": "none"}, {}):
            done = self.ask("--since", "2020-01-01", "--until", "2020-02-01", "--output", self.output, **places)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("ntsbox-report: nothing is recorded of this time. history: ", done.stderr)
            self.assertFalse(self.output.exists())

    def test_what_cannot_be_written_is_told(self):
        done = self.ask("--since", SINCE, "--until", UNTIL, "--output", self.folder / "none/report.html")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none/report.html: cannot be written: No such file or directory", done.stderr)

    def test_without_matplotlib_there_are_figures_alone(self):
        (self.folder / "without").mkdir()
        (self.folder / "without/matplotlib.py").write_text("raise ImportError")
        without = {"PYTHONPATH": str(self.folder / "without")}
        done = self.ask("--since", SINCE, "--until", UNTIL, "--output", self.output, env=without)
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install --no-install-recommends python3-munkres python3-matplotlib", done.stderr)
        self.assertFalse(self.output.exists())
        done = self.ask("--since", SINCE, "--until", UNTIL, "--json", env=without)
        self.assertEqual(done.returncode, 0)

    def test_wrong_orders_are_a_usage(self):
        for options, words in (((), "--output FILE, or --json"), (("--json", "--since", "soon"), '"soon" is neither a date'),
                               (("--json", "--since", "1h", "--until", "2h"), "--since is not before --until"),
                               (("--frobnicate",), "--frobnicate")):
            with self.subTest(options=options):
                done = self.ask(*options)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
