#!/usr/bin/env python3
"""`ntsboxd --replay` over made-up lives: what is healthy is sent, what is broken is refused with its reason, no second is wrong.

The goldens are what the bridge decides, in runs: `golden/NAME`. After a change that is meant:
  NTSBOX_BUILD=build/dev NTSBOX_GOLDEN=write tests/replay/replay_test.py Goldens
and read the difference.
"""

import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import unittest

from life import A_MORNING, SECOND, Life, Verdict, decimal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from seeds import seeds  # noqa: E402

NTSBOXD = pathlib.Path(os.environ["NTSBOX_BUILD"], "bin/ntsboxd").absolute()
GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
MS = 10**6
WITNESS = {"synchronised": True, "maxerror": "0.001200000"}
ROLLOVER = 1024 * 7 * 86400
NEW_YEAR = 1_798_761_600  # 2027-01-01T00:00:00Z


def replay(text):
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([NTSBOXD, "--replay", "-"], input=data, capture_output=True, timeout=300)


def during(begin, end, inside, outside):
    return lambda s: inside if begin <= s < end else outside


def life(seconds=300, start=A_MORNING, seed=1, **changes):
    made = Life(seconds, start, seed)
    for name, value in changes.items():
        assert hasattr(made, name), name
        setattr(made, name, value)
    return made


def spread(low, high, seconds=300, seed=5):
    """A latency in ns for each second."""
    latencies = [random.Random(seed * 1000 + s).randrange(low, high) for s in range(seconds)]
    return lambda s: latencies[s]


class Lives(unittest.TestCase):
    def verdict(self, made):
        lines, truth = made.live()
        done = replay("\n".join(lines) + "\n")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        verdict = Verdict(made, truth, done.stdout.decode())
        self.assertEqual(verdict.pulses, len(truth), "one decision a pulse")
        summary = verdict.summary
        self.assertEqual(summary["decision"], "summary")
        self.assertEqual(summary["pulses"], len(truth))
        self.assertEqual(summary["samples"], len(verdict.sent) + len(verdict.wrong))
        self.assertEqual(summary["pulses"], summary["samples"] + sum(summary["refused"].values()))
        self.assertEqual(verdict.wrong, [])
        return verdict


class Healthy(Lives):
    CASES = {
        "each latency inside the band": [{"latency": lambda s, l=l: l * MS} for l in (50, 150, 300, 500, 700, 900)],
        "latencies that jitter": [{"latency": spread(50 * MS, 900 * MS)}, {"latency": spread(300 * MS, 600 * MS)}],
        "a slow line": [{"cycle": 550 * MS}, {"cycle": 700 * MS, "latency": lambda s: 500 * MS}],
        "crystals at the edge of their sheets": [{"clock_ppm": ppm, "raw_ppm": -ppm} for ppm in (-100, 100)],
        "a clock that is anywhere": [{"clock_error": error} for error in
                                     (0, -500 * MS, 86400 * SECOND, -A_MORNING * SECOND, 80 * 365 * 86400 * SECOND)],
        "a receiver that stamps fractions": [{"fraction": f * MS} for f in (20, 500, 949)],
        "slews at chronyd's fastest": [{"slews": [(100 * SECOND + 300 * MS, 130 * SECOND + 700 * MS, ppm)]} for ppm in (83333, -83333, 1000)],
        "a counter that wraps or starts again": [{"first_sequence": 2**32 - 150}, {"sequence_of": lambda n: n if n < 150 else n - 140}],
        "interrupts that are late by a third of a millisecond": [{"lateness": lambda s: 300_000 if s % 7 == 0 else 2000}],
        "a synchronised clock that agrees": [{"status": WITNESS}],
        "a fix in two dimensions": [{"mode": lambda s: 2}],
        "sentences that stall each minute": [{"latency": lambda s: 1150 * MS if s % 60 == 59 else 150 * MS}],
    }

    def test_healthy_pulses_are_sent_after_thirty_seconds(self):
        for name, cases in self.CASES.items():
            for changes in cases:
                for raw in (True, False):
                    # Without CLOCK_MONOTONIC_RAW the begin of a slew looks like a glitch: docs/integrity.md.
                    if "slews" in changes and not raw:
                        continue
                    with self.subTest(name, raw=raw, case=changes.keys()):
                        made = life(**changes, raw=raw)
                        self.assertGreaterEqual(self.verdict(made).share_sent(30, 300, made), 0.999)

    def test_after_a_step_one_sentence_is_waited_for_since_the_machine_may_have_slept(self):
        for by in (-SECOND, 300 * MS, SECOND, 3600 * SECOND, 10**16):
            with self.subTest(by=by):
                verdict = self.verdict(life(steps=[(100 * SECOND + 400 * MS, by)]))
                self.assertEqual(len([s for s in range(30, 300) if s not in verdict.sent]), 1)

    def test_without_raw_time_a_slew_costs_two_pulses_at_each_change_of_its_rate(self):
        for ppm in (83333, -83333, 20000, -5000, 1000, -900):
            with self.subTest(ppm=ppm):
                made = life(slews=[(100 * SECOND + 300 * MS, 130 * SECOND + 700 * MS, ppm)], raw=False)
                self.assertGreaterEqual(len(self.verdict(made).sent), 300 - 12 - 4)


class Broken(Lives):
    """name: (changes, reasons that must occur, at most so many samples between second 150 and 300)."""

    CASES = {
        "a label a second ahead": ({"label": during(150, 200, 1, 0)}, {"hold", "fault"}, 96),
        "a label a second behind": ({"label": during(150, 200, -1, 0)}, {"no-second", "fault"}, 97),
        "a lie that lasts, and a clock that knows": ({"label": during(150, 999, 1, 0), "status": WITNESS}, {"witness", "fault"}, 2),
        "a rollover into the past": ({"label": during(150, 999, -ROLLOVER, 0)}, {"before-floor"}, 1),
        "a rollover into the future": ({"label": during(150, 999, ROLLOVER, 0)}, {"after-ceiling"}, 1),
        "a rollover from the start": ({"label": lambda s: -ROLLOVER}, {"before-floor"}, 0),
        "fix and time that differ": ({"toff_label": during(150, 200, 1, 0)}, {"time-mismatch", "hold"}, 96),
        "sentences more than a second late, and a clock that knows": ({"latency": lambda s: 1200 * MS, "status": WITNESS}, {"witness"}, 0),
        "sentences at the edge": ({"latency": lambda s: 970 * MS}, {"acquiring"}, 0),
        "a stall and its stale sentences": (
            {"latency": lambda s: (162 - s) * SECOND + 300 * MS if 150 <= s < 162 else 150 * MS}, {"no-receiver", "hold"}, 136),
        "a receiver that is silent": ({"speaks": during(150, 200, False, True)}, {"no-receiver", "hold"}, 97),
        "no fix": ({"mode": during(150, 200, 1, 3)}, {"no-fix", "hold"}, 96),
        "a fix that flaps": ({"mode": lambda s: 3 if s // 4 % 2 else 1}, {"no-fix", "acquiring"}, 0),
        "two pulses a second": ({"edges": lambda s: [500 * MS]}, {"pulse-rate"}, 0),
        "five pulses a second": ({"edges": lambda s: [200 * MS, 400 * MS, 600 * MS, 800 * MS]}, {"pulse-rate"}, 0),
        "a pulse each other second": ({"pulse": lambda s: s % 2 == 0}, {"pulse-rate"}, 0),
        "both edges": ({"edges": lambda s: [100 * MS]}, {"pulse-rate"}, 0),
        "the hum of the mains": ({"edges": lambda s: [i * 20 * MS for i in range(1, 50)]}, {"pulse-rate"}, 0),
        "the wrong edge, and a clock that knows": (
            {"pulse": lambda s: False, "edges": lambda s: [100 * MS], "status": WITNESS}, {"witness"}, 0),
        "a glitch now and then": ({"edges": lambda s: [(s * 7919 % 1000) * MS] if s % 41 == 40 else []}, {"off-beat"}, 150),
        "a gap of pulses": ({"pulse": during(150, 200, False, True)}, {"hold"}, 96),
        "a step under a pulse": ({"steps": [(150 * SECOND + 50_000, 300 * MS)]}, {"clock-step"}, 149),
        "gpsd lost": ({"others": [(150 * SECOND + 700 * MS, {"event": "gpsd_lost"})]}, {"no-gpsd", "hold"}, 145),
        "the pulse device lost": ({"others": [(150 * SECOND + 700 * MS, {"event": "pps_lost"})]}, {"hold"}, 146),
        "an edge reported twice": ({"sequence_of": lambda n: n if n != 300 else 299}, {"duplicate"}, 149),
        "a leap second": ({"start": NEW_YEAR - 200, "leap_at": 200}, {"month-end"}, 145),
        "a month's end without one": ({"start": NEW_YEAR - 200}, {"month-end"}, 147),
    }

    def test_what_is_broken_is_refused_with_its_reason(self):
        for name, (changes, reasons, most) in self.CASES.items():
            for raw in (True, False):
                with self.subTest(name, raw=raw):
                    verdict = self.verdict(life(**changes, raw=raw))
                    self.assertLessEqual(reasons, set(verdict.summary["refused"]), verdict.summary)
                    self.assertLessEqual(sum(s >= 150 for s in verdict.sent), most)


class Disasters(Lives):
    """What befell others, made again: (changes, reasons that must occur, seconds in which nothing may be sent)."""

    CASES = {
        "gpsd, 2021-10-24: 1024 weeks back, the fix and the pulse good": (
            {"label": during(100, 999, -ROLLOVER, 0)}, {"before-floor"}, (102, 300)),
        "a firmware's pivot passes: 1024 weeks ahead": ({"label": during(100, 999, ROLLOVER, 0)}, {"after-ceiling"}, (102, 300)),
        "USNO, 2012-11-19: the year 2000": ({"label": during(100, 200, -819_244_800, 0)}, {"before-floor", "hold"}, (102, 200)),
        "WWVB, 1986: a hot bit, 256 days": ({"label": lambda s: 256 * 86400 if s in (100, 101, 102, 150) else 0}, {"hold"}, (101, 103)),
        "stale leap seconds until the almanac came": (
            {"label": during(0, 120, 2, 0), "status": WITNESS}, {"witness"}, (0, 120)),
        "MTK3339: sentences wander from half a second to beyond one": (
            {"latency": lambda s: (500 + 10 * max(0, min(s - 100, 80))) * MS}, {"no-second"}, (160, 300)),
        "sx1302_hal: the sentence comes at the edge of the next second": ({"latency": spread(985 * MS, 1015 * MS)}, {"ambiguous"}, (0, 300)),
        "Linux, 2012-07-01: the system clock repeats a second": ({"start": NEW_YEAR - 200, "leap_at": 200}, {"month-end"}, (200, 204)),
        "the leap second of a receiver that tells 23:59:59 twice": (
            {"start": NEW_YEAR - 200, "leap_at": 200, "label": lambda s: -1 if s == 200 else 0}, {"month-end"}, (200, 204)),
        "rpi-cm4-ptp-guide: an edge more, 187 ms after the pulse": ({"edges": lambda s: [187 * MS] if s >= 100 else []}, {"pulse-rate"}, (103, 300)),
        "teensy-ntp: RMC last at 9600 baud crosses the second": ({"cycle": 950 * MS, "latency": lambda s: 60 * MS}, set(), (0, 9)),
        "gpsd after a stall labels pulses eleven seconds wrong": (
            {"latency": lambda s: (162 - s) * SECOND + 300 * MS if 150 <= s < 162 else 150 * MS,
             "others": [(s * SECOND + 3 * MS, {"event": "gpsd", "line": json.dumps(
                 {"class": "PPS", "device": Life.device, "real_sec": A_MORNING + s - 11, "real_nsec": 0, "clock_sec": A_MORNING + s,
                  "clock_nsec": 0, "precision": -20, "qErr": 4000})}) for s in range(150, 200)]}, {"no-receiver"}, (153, 162)),
    }

    def test_no_second_of_theirs_is_wrong(self):
        for name, (changes, reasons, (begin, end)) in self.CASES.items():
            for raw in (True, False):
                with self.subTest(name, raw=raw):
                    verdict = self.verdict(life(**changes, raw=raw))
                    self.assertLessEqual(reasons, set(verdict.summary["refused"]), verdict.summary)
                    self.assertEqual([s for s in verdict.sent if begin <= s < end], [])

    def test_svn23_2016_a_pulse_thirteen_microseconds_early_is_served_and_cannot_be_told(self):
        made = life(lateness=during(100, 200, -13_700, 0))
        lines, truth = made.live()
        printed = replay("\n".join(lines) + "\n").stdout.decode().splitlines()
        self.assertGreater(json.loads(printed[-1])["samples"], 285)

    def test_the_error_of_quantisation_lowers_the_offset_where_it_is_told_in_time(self):
        for told, error, lowered in ((20, 8000, 8), (20, -8499, -8), (20, 60_000, 0), (-1, 8000, 0)):
            with self.subTest(told=told, error=error):
                # Told so many ms before the pulse's event, which is handed over 0.1 ms after its edge.
                made = life(60, others=[(s * SECOND - told * MS, {"event": "gpsd", "line": json.dumps(
                    {"class": "PPS", "device": Life.device, "real_sec": A_MORNING + s, "real_nsec": 0, "clock_sec": A_MORNING + s,
                     "clock_nsec": 0, "precision": -20, "qErr": error})}) for s in range(1, 60)])
                lines, _ = made.live()
                done = replay("\n".join(lines) + "\n")
                samples = [d for d in map(json.loads, done.stdout.decode().splitlines()) if d["decision"] == "sample"]
                self.assertGreater(len(samples), 40)
                for d in samples:
                    whole = d["second"] * SECOND - int(d["stamp"].replace(".", ""))
                    self.assertEqual(d["offset_ns"], whole - lowered)


class Goldens(Lives):
    CASES = {
        "healthy": {},
        "stall": Broken.CASES["a stall and its stale sentences"][0],
        "rollover": Broken.CASES["a rollover into the past"][0],
        "step": Broken.CASES["a step under a pulse"][0],
        "wrong-edge": {"pulse": lambda s: s < 150, "edges": lambda s: [100 * MS] if 150 <= s < 200 else []},
        "two-hertz": Broken.CASES["two pulses a second"][0],
        "no-fix": Broken.CASES["no fix"][0],
        "gpsd-restarted": {"others": [(150 * SECOND + 700 * MS, {"event": "gpsd_lost"})], "speaks": during(151, 160, False, True)},
        "pps-lost": Broken.CASES["the pulse device lost"][0],
        "wrap": {"first_sequence": 2**32 - 150},
        "leap-second": Broken.CASES["a leap second"][0],
    }

    @staticmethod
    def runs(lines):
        """The decisions in runs: "LOCKED", "sample x140", "refused hold x5"."""
        words = [line["state"] if line["decision"] == "state" else f"{line['decision']} {line.get('reason', '')}".rstrip()
                 for line in lines if line["decision"] != "summary"]
        return "".join(f"{word} x{len(list(group))}\n" for word, group in itertools.groupby(words))

    def test_the_decisions_are_the_golden_ones(self):
        for name, changes in self.CASES.items():
            with self.subTest(name):
                runs = self.runs(self.verdict(life(**changes)).lines)
                if os.environ.get("NTSBOX_GOLDEN") == "write":
                    (GOLDEN / name).write_text(runs)
                self.assertEqual(runs, (GOLDEN / name).read_text())


class Hostile(unittest.TestCase):
    def junk(self, dice):
        return dice.choice((
            lambda: "{" * dice.randrange(1, 5000),
            lambda: "[" * 100_000,
            lambda: "x" * 1_000_000,
            lambda: json.dumps({"class": "TPV", "mode": dice.choice([3, "3", 3.5, -1, 1e308, None, 2**70])}),
            lambda: '{"class":"TPV","mode":3,"mode":3,"time":"2026-11-22T10:00:00.000Z"}',
            lambda: json.dumps({"class": "TPV", "mode": 3, "time": dice.choice(
                ["2026-02-30T00:00:00Z", "2026-11-22T25:00:00Z", "2026-11-22T10:00:00+02:00", "", "\0", "9" * 400])}),
            lambda: json.dumps({"class": "TOFF", "real_sec": dice.choice([2**63 - 1, -2**63, 0, 1e9, "1"]), "real_nsec": 0,
                                "clock_sec": dice.choice([2**63 - 1, -2**63, 0]), "clock_nsec": dice.choice([0, 10**9, -1])}),
            lambda: json.dumps({"class": "DEVICES", "devices": dice.choice([[], [1], [[]], {}, None, [{"activated": 3}]])}),
            lambda: "".join(chr(dice.randrange(1, 0x500)) for _ in range(dice.randrange(200))),
            lambda: '{"class":"PPS","real_sec":1,"real_nsec":0,"clock_sec":1,"clock_nsec":0,"precision":-20}',
        ))()

    def hostile_log(self, seed):
        dice = random.Random(seed)
        lines = life(60, seed=seed).live()[0]
        for _ in range(40):
            at = {"system": decimal(dice.choice([0, -10**18, 2**63, 10**25, A_MORNING * SECOND])),
                  "monotonic": decimal(dice.choice([0, 10**12, 2**62, -5]))}
            event = dice.choice((
                {"event": "gpsd", "line": self.junk(dice)},
                {"event": "pulse", "stamp": decimal(dice.choice([0, 2**63, -10**30, A_MORNING * SECOND])),
                 "sequence": dice.choice([0, 2**32, 2**63, 7])},
                {"event": "tick", "synchronised": True, "maxerror": decimal(dice.choice([0, -1, 10**30]))},
                {"event": "start", "version": 1}, {"event": "news", "of": "the future"}, {"event": "pps_lost"}, {"event": "gpsd_lost"}))
            lines.insert(dice.randrange(1, len(lines)), json.dumps({**event, **at}))
        lines.insert(dice.randrange(len(lines)), "")
        return lines

    def test_no_input_breaks_the_contract(self):
        for seed in range(seeds(60)):
            with self.subTest(seed=seed):
                lines = self.hostile_log(seed)
                done = replay("\n".join(lines) + "\n")
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                printed = [json.loads(line) for line in done.stdout.decode().splitlines()]
                events = [json.loads(line) for line in lines if line]
                came = [(e["stamp"], e["sequence"]) for e in events if e["event"] == "pulse"]
                decided = [(d["stamp"], d["sequence"]) for d in printed if d["decision"] in ("sample", "refused")]
                self.assertEqual(decided, came)
                summary = printed[-1]
                self.assertEqual(summary["pulses"], len(came))
                self.assertEqual(summary["samples"] + sum(summary["refused"].values()), len(came))

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
