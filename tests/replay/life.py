"""Event logs (docs/event-log.md) of made-up lives of a receiver and a machine, with their truth.

Times inside are true seconds since the life's start, as integers of nanoseconds: no float ever touches a stamp.
"""

import json
import random

SECOND = 10**9
A_MORNING = 1_795_341_600  # 2026-11-22T10:00:00Z


def decimal(ns):
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    return f"{sign}{ns // SECOND}.{ns % SECOND:09}"


class Life:
    """Each of the functions takes a second since the start, and may be replaced."""

    device = "/dev/ttyAMA0"

    def __init__(self, seconds, start=A_MORNING, seed=1):
        self.seconds = seconds
        self.start = start
        self.random = random.Random(seed)
        # The machine's clocks.
        self.clock_error = 40_000          # system minus true, ns, at 0
        self.clock_ppm = 0                 # of system and monotonic
        self.raw_ppm = 20
        self.raw = True
        self.steps = []                    # (when, by) in ns: steps of the system clock
        self.slews = []                    # (from, until, ppm): system and monotonic run faster meanwhile
        self.status = {"synchronised": False, "maxerror": "16.000000000"}
        # The receiver.
        self.pulse = lambda s: True
        self.edges = lambda s: []          # further ones, in ns after the second
        self.lateness = lambda s: 0        # of the edge's stamp, ns
        self.latency = lambda s: 150_000_000
        self.cycle = 60_000_000            # from TOFF to TPV
        self.fraction = 0                  # of the epoch that the receiver describes, ns
        self.label = lambda s: 0           # seconds wrong, in TPV and TOFF
        self.toff_label = lambda s: 0      # further, in TOFF alone
        self.mode = lambda s: 3
        self.speaks = lambda s: True
        self.first_sequence = 100
        self.sequence_of = lambda n: n % 2**32
        self.leap_at = None                # the pulse of this second is 23:59:60
        self.others = []                   # (when in ns, event as a dict)
        self.timed = []

    def utc(self, second):
        """UTC's number of the second that began at `second`; a leap second has the number of the next (as gpsd has it)."""
        return self.start + second - (1 if self.leap_at is not None and second > self.leap_at else 0)

    def slewed(self, when):
        return sum((min(when, until) - begin) * ppm // 10**6 for begin, until, ppm in self.slews if when > begin)

    def system(self, when):
        leap = SECOND if self.leap_at is not None and when >= (self.leap_at + 1) * SECOND else 0
        stepped = sum(by for at, by in self.steps if at <= when)
        return self.start * SECOND + when + self.clock_error + when * self.clock_ppm // 10**6 + self.slewed(when) + stepped - leap

    def reading(self, when):
        noise = self.random.randrange(2000)
        monotonic = 1000 * SECOND + when + when * self.clock_ppm // 10**6 + self.slewed(when) + noise
        at = {"system": decimal(self.system(when)), "monotonic": decimal(monotonic)}
        if self.raw:
            at["raw"] = decimal(900 * SECOND + when + when * self.raw_ppm // 10**6 + noise // 2)
        return at

    def at(self, when, event):
        """`event` is a dict, or a function that makes it when its time has come."""
        self.timed.append((when, len(self.timed), event))

    def say(self, when, report):
        self.at(when, {"event": "gpsd", "line": report if isinstance(report, str) else json.dumps(report, separators=(",", ":"))})

    def iso(self, utc):
        import datetime
        moment = datetime.datetime.fromtimestamp(utc, datetime.timezone.utc)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{self.fraction // 10**6:03}Z"

    def sentences(self, s):
        burst = s * SECOND + self.fraction + self.latency(s)
        mode = self.mode(s)
        utc = self.utc(s) + self.label(s)
        if mode >= 2:
            clock = self.system(burst)
            self.say(burst + 2_000_000, {"class": "TOFF", "device": self.device, "real_sec": utc + self.toff_label(s),
                                         "real_nsec": self.fraction, "clock_sec": clock // SECOND, "clock_nsec": clock % SECOND})
        report = {"class": "TPV", "device": self.device, "mode": mode}
        if mode >= 2:
            report["time"] = self.iso(utc)
        self.say(burst + self.cycle, report)
        if s % 5 == 0:
            self.say(burst + self.cycle + 1_000_000, {"class": "SKY", "device": self.device, "uSat": 8})

    def live(self):
        """The log's lines, and {index of a pulse in the log: its true second, or None}."""
        truth = {}
        edges = [(s * SECOND + phase, s if phase == 0 else None) for s in range(self.seconds)
                 for phase in ([0] if self.pulse(s) else []) + self.edges(s)]
        for n, (when, second) in enumerate(sorted(edges)):
            late = self.lateness(second) if second is not None else 0
            truth[n] = second
            self.at(when + 100_000, {"event": "pulse", "stamp": decimal(self.system(when) + late),
                                     "sequence": self.sequence_of(self.first_sequence + n)})
        for s in range(self.seconds):
            self.at(s * SECOND + 550_000_000, {"event": "tick", **self.status})
            if self.speaks(s):
                self.sentences(s)
        for when, event in self.others:
            self.at(when, event)
        first = {"event": "start", "version": 1, "floor": "2026-01-01T00:00:00Z", "witness": True}
        lines = [json.dumps({**first, **self.reading(0)})]
        lines += [json.dumps({**event, **self.reading(when)}) for when, _, event in sorted(self.timed)]
        return lines, truth


class Verdict:
    """What a replay made of a life."""

    def __init__(self, life, truth, printed):
        self.lines = [json.loads(line) for line in printed.splitlines()]
        decisions = [line for line in self.lines if line["decision"] in ("sample", "refused")]
        self.sent = []        # true seconds
        self.wrong = []       # samples that are not the truth
        self.refused = {}     # true second or phase -> reason
        for n, line in enumerate(decisions):
            second = truth[n]
            if line["decision"] == "refused":
                self.refused[n] = line["reason"]
                continue
            stamp = int(line["stamp"].replace(".", ""))
            right = (second is not None and second != life.leap_at and line["second"] == life.utc(second)
                     and stamp + line["offset_ns"] == life.utc(second) * SECOND)
            (self.sent if right else self.wrong).append(second if right else line)
        self.pulses = len(decisions)
        self.states = [line["state"] for line in self.lines if line["decision"] == "state"]
        self.summary = self.lines[-1]

    def share_sent(self, begin, end, life):
        due = [s for s in range(begin, end) if life.pulse(s)]
        return sum(begin <= s < end for s in self.sent) / max(1, len(due))
