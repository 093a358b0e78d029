#!/usr/bin/env python3
"""Is every receiver served? Plays the logs of gpsd's regression suite through real gpsds into ntsboxd.

    receivers.py FOLDER [--only PATTERN...] [--gpsd bookworm|trixie] [--keep FOLDER] [--at-once LOGS]

FOLDER has gpsd's test/daemon. A log of NMEA alone is played with its times and dates as of now. One with binary messages is played byte for byte; what
gpsd makes of it is recorded, moved to now, and replayed. Prints a row for each log and gpsd. Exit status 1: more receivers
than three that have a fix, a date and a 1 Hz cycle are not served, or a second is wrong.
"""

import argparse
import collections
import dataclasses
import fnmatch
import heapq
import itertools
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
import tty

import cycles

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, ROOT, Process, Rig, daemon_program, enter_namespaces, library_path, wait_until  # noqa: E402

GPSDS = pathlib.Path(os.environ.get("NTSBOX_GPSDS", ROOT / "build/gpsd")).absolute()
LATENCY = 0.15  # from a pulse to its first sentence, in seconds
SETTLING = 60  # after the first fix
RECOVERY = 15  # after a loss of it
TOO_LATE = 0.2  # for a sentence
COUNTED = 100  # seconds after that
LONGEST_WAIT = 240  # for a log's first fix
MOST_WRONG = 1_000_000  # ns; a receiver's correction of its pulse is far below
EXCEPTIONS = 3


@dataclasses.dataclass
class Verdict:
    """What came of a receiver's seconds."""
    first_sample: int = None  # seconds after its first fix
    share: float = None  # of the seconds from SETTLING after the first fix on, but for RECOVERY after each later one
    wrong: int = 0  # seconds
    reasons: dict = dataclasses.field(default_factory=dict)  # {why a pulse of those seconds was refused: how often}
    shown: str = ""  # at the end

    @property
    def served(self):
        return self.share is not None and self.share >= 0.95


def judge(decisions, fixes):
    """`decisions`: of a replay, whose pulses are all on whole seconds; `fixes`: the true seconds whose cycle has a fix."""
    samples = {d["second"]: d for d in decisions if d["decision"] == "sample"}
    wrong = sum(abs(d["offset_ns"]) > MOST_WRONG for d in samples.values())
    if not fixes:
        return Verdict(wrong=wrong, reasons=reasons_of(decisions, lambda second: True))
    first = min(fixes)
    counted = {second for second in fixes if first + SETTLING <= second < max(fixes) and fixes.issuperset(range(second - RECOVERY, second))
               and not at_month_end(second)}
    sent = {round(float(d["stamp"])) for d in samples.values()}
    return Verdict(min((second - first for second in sent), default=None), len(counted & sent) / len(counted) if counted else None, wrong,
                   reasons_of(decisions, counted.__contains__))


def at_month_end(second):
    """Then a leap second may come, and pulses are refused."""
    return time.gmtime(second - 20).tm_mon != time.gmtime(second + 20).tm_mon


def reasons_of(decisions, counts):
    """{reason: how often}, the most frequent first."""
    found = collections.Counter(d["reason"] for d in decisions if d["decision"] == "refused" and counts(round(float(d["stamp"]))))
    return dict(found.most_common())


class Gpsd:
    """A version of gpsd, and how to run it."""

    def __init__(self, release=None):
        """Of a Debian release, by the loader and libraries of its tree; or else the one that all tests run."""
        if release:
            tree = GPSDS / release
            self.command = [next(tree.glob("lib64/ld-linux-*.so.*")), "--library-path", ":".join(str(each) for each in tree.glob("usr/lib/*-linux-*")),
                            tree / "usr/sbin/gpsd"]
            self.environment = {}
        else:
            self.command = [daemon_program("gpsd")]
            self.environment = {"LD_LIBRARY_PATH": library_path()}
        told = subprocess.run([*self.command, "-V"], capture_output=True, text=True, env={**os.environ, **self.environment}, check=True).stdout
        self.version = re.search(r"\d+\.\d+", told.replace(str(GPSDS), ""))[0]


class Receiver(Rig):
    """A receiver on a pty, with a pulse, a gpsd and an ntsboxd of its own."""

    ports = iter(range(20000, 30000))

    def __init__(self, gpsd):
        super().__init__("receiver")
        self.chosen_gpsd = gpsd
        self.last_status = {}
        self.late = set()  # the seconds in which this machine was busy with something else
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        os.fchmod(self.slave, 0o666)  # gpsd gives up root
        self.path("gps").symlink_to(os.ttyname(self.slave))
        self.port = next(self.ports)

    def start(self):
        Process(self, "sim", [*self.program("ntsbox-sim"), "--pulses", self.path("pulses.sock")])
        Process(self, "gpsd", [*self.chosen_gpsd.command, "-n", "-b", "-N", "-S", self.port, self.path("gps")], env=self.chosen_gpsd.environment)
        wait_until(lambda: self.path("pulses.sock").exists(), 20, "ntsbox-sim")
        self.ntsboxd("--record", self.path("events.jsonl"), gpsd_port=self.port, integrity_witness=False, files_state="")

    def close(self, keep=False):
        super().close(keep)
        os.close(self.master)
        os.close(self.slave)

    def send(self, sentence):
        """None: the end."""
        if sentence is None:
            self.last_status = self.status()
            return
        try:
            os.write(self.master, sentence)
        except BlockingIOError:  # gpsd does not read
            pass

    def events(self):
        return [json.loads(line) for line in self.path("events.jsonl").read_text().splitlines() if line.endswith("}")]

    def replay(self, events):
        """What ntsboxd decides about them."""
        done = subprocess.run([BUILD / "bin/ntsboxd", "--replay", "-"], input="".join(json.dumps(event) + "\n" for event in events),
                              capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]


def play(parts):
    """All at once: (receiver, [(system time at which they are sent, bytes)], the system time of its end)."""
    due = []
    lines = [itertools.chain(sentences, [(end, None)]) for _, sentences, end in parts]

    def plan(number):
        for when, sentence in itertools.islice(lines[number], 1):
            heapq.heappush(due, (when, number, sentence))

    for number in range(len(parts)):
        plan(number)
    while due:
        when, number, sentence = heapq.heappop(due)
        time.sleep(max(0, when - time.time()))
        receiver = parts[number][0]
        if time.time() > when + TOO_LATE:
            receiver.late.add(int(when))
        receiver.send(sentence)
        plan(number)


def spaced(bursts, baud):
    """[(time, bytes)] of bursts, [(when it begins, sentences)], on a line, whose UART hands over what came within 15 ms, 16 bytes at least.
    A USB receiver's sentences come whole, which tells gpsd less."""
    free = 0
    size = max(16, baud * 15 // 10000)
    for begin, sentences in bursts:
        free = max(free, begin)
        for sentence in sentences:
            for chunk in (sentence[at:at + size] for at in range(0, len(sentence), size)):
                free += len(chunk) * 10 / baud
                yield free, chunk


# A log.

class Log:
    def __init__(self, path):
        self.name = path.stem
        content = path.read_bytes()
        parts = cycles.parts_of(content)
        self.cycles = cycles.cycles_of(parts) if any(cycles.time_of(part) for part in parts) else []
        if not self.cycles:
            return
        self.baud = cycles.baud_of(content, self.cycles)
        # Bytes that no sentence has, outside of broken ones.
        self.binary = any(cycles.ubx_of(part) or (b"$" not in part and re.search(rb"[\x00-\x08\x80-\xff]{3}", part)) for part in parts)
        self.has_fix = any(cycle.fix for cycle in self.cycles)
        self.has_date = any(cycle.dated for cycle in self.cycles)
        self.is_1hz = cycles.is_1hz(self.cycles)
        if self.binary:
            self.cycles = [cycle for cycle in self.cycles if cycle.label < self.needed]
        begin, end = cycles.steady(self.cycles)
        first, last = cycles.whole(self.cycles[begin].label), cycles.whole(self.cycles[end - 1].label)
        # gpsd goes back in no time, so bytes cannot be played again. Of its lines those repeat that come once it has seen a few fixes; in
        # less than five cycles it may not have.
        self.short = self.binary and last - first < 4
        self.run = (min(first + 4, last), last + (last > first))
        self.seconds = self.cycles[-1].label + 2 if self.binary else self.needed

    @property
    def needed(self):
        """For a verdict, in seconds."""
        return min(next((cycle.label for cycle in self.cycles if cycle.fix), 0), LONGEST_WAIT) + SETTLING + COUNTED + 5

    @property
    def due(self):
        return self.has_fix and self.has_date and self.is_1hz and not self.short

    def bursts(self, start):
        """[(when it begins, sentences)], from a system time on."""
        for at, cycle in self.order():
            yield start + at + LATENCY, cycle.parts if self.binary else cycles.redated_cycle(cycle, start + at)

    def fixes(self, start):
        """The true seconds whose cycle has a fix."""
        return {cycles.whole(start + at) for at, cycle in self.order() if cycle.fix}

    def told(self, start):
        """{true second: the date that the log tells in it}."""
        return {cycles.whole(start + at): cycle.utc for at, cycle in self.order() if cycle.utc}

    def order(self):
        if self.binary:
            return ((cycle.label, cycle) for cycle in self.cycles)
        return cycles.repeated(self.cycles, self.seconds)


# What was recorded, at other dates and for longer.

def longest_run(seconds):
    """(begin, end) of the longest one without a gap."""
    begins = [second for second in seconds if second - 1 not in seconds]
    ends = {begin: next(second for second in itertools.count(begin) if second not in seconds) for begin in begins}
    return max(ends.items(), key=lambda run: run[1] - run[0], default=(0, 0))


def moved(event, by, rates):
    """The event as it would have come `by` seconds later; of each clock the rate is known: {member: seconds a second of the system's}."""
    event = dict(event)
    for member in ("system", "monotonic", "raw", "stamp"):
        if member in event:
            whole, fraction = event[member].split(".")
            ns = int(whole) * 10**9 + int(fraction) + round(by * 1e9 * rates.get(member, 1))
            event[member] = f"{ns // 10**9}.{ns % 10**9:09d}"
    if "sequence" in event:
        event["sequence"] += by
    return told_later(event, by, by)


def told_later(event, real, clock=0, leap_seconds=0):
    """The event with the receiver's times and dates `real` seconds later, after so many more leap seconds, and the clock's by `clock` in gpsd's
    line; all else as it was."""
    if "line" not in event:
        return event
    line, now = event["line"], int(float(event["system"]))
    if line.startswith("$"):
        later = cycles.redated(line.encode(), lambda old: now + round(cycles.ahead(old + real, now)))
        return {**event, "line": later.decode()}

    def date(found):
        return f'{found[1]}{time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(cycles.epoch_of(found[2]) + real))}{found[3]}'

    def number(found):
        return f"{found[1]}{int(found[2]) + {'real_sec': real, 'clock_sec': clock, 'leapseconds': leap_seconds}[found[1][1:-2]]}"
    line = re.sub(r'("time":")([-\dT:]{19})([.Z])', date, line)
    return {**event, "line": re.sub(r'("real_sec":|"clock_sec":|"leapseconds":)(-?\d+)', number, line)}


def lengthened(events, fixes, told, run, seconds):
    """(events, fixes) of a recording whose log told of the true second T as told[T]: moved so that it tells of T, and the part of its
    seconds `run`, (begin, end), repeated for so many."""
    shift = round(statistics.median(second - said for second, said in told.items())) if told else 0
    leap_seconds = len(cycles.LEAPS) - cycles.leap_seconds(max(told.values())) if told else 0
    events = [told_later(event, shift, leap_seconds=leap_seconds) for event in events]
    begin, end = run
    if end - begin < 1:
        return events, fixes

    def at(event):
        return float(event["system"]) + 0.05
    head = [event for event in events if at(event) < begin]
    part = [event for event in events if begin <= at(event) < end]
    rates = {clock: (float(part[-1][clock]) - float(part[0][clock])) / (float(part[-1]["system"]) - float(part[0]["system"]))
             for clock in ("monotonic", "raw") if clock in part[0]}
    times = range(1 + round(seconds) // (end - begin))
    again = [moved(event, (end - begin) * n, rates) for n in times for event in part]
    return head + again, {second for second in fixes if second < begin} | {
        second + (end - begin) * n for n in times for second in fixes if begin <= second < end}


# The whole.

def run(logs, gpsds, keep):
    """{(log, version): Verdict} of some logs, side by side."""
    receivers = [(log, gpsd, Receiver(gpsd)) for log in logs for gpsd in gpsds]
    verdicts = {}
    try:
        for *_, receiver in receivers:
            receiver.start()
        start = int(time.time()) + 4
        play([(receiver, spaced(log.bursts(start), log.baud), start + log.seconds) for log, _, receiver in receivers])
        for log, gpsd, receiver in receivers:
            fixes = log.fixes(start) - receiver.late
            events = [event for event in receiver.events() if float(event["system"]) < start + log.seconds]
            if log.binary and fixes:
                seconds = set(range(start + log.run[0], start + log.run[1])) - receiver.late
                events, fixes = lengthened(events, fixes, log.told(start), longest_run(seconds), SETTLING + COUNTED)
            verdict = judge(receiver.replay(events), fixes)
            verdict.shown = "" if log.binary else receiver.last_status["summary"]
            verdicts[log.name, gpsd.version] = verdict
            if keep:
                (keep / f"{log.name}-{gpsd.version}.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    finally:
        for *_, receiver in receivers:
            receiver.close()
    return verdicts


def print_row(log, version, verdict):
    due = "due" if log.due else ",".join(word for word, has in (("fix", log.has_fix), ("date", log.has_date), ("1Hz", log.is_1hz), ("length", not log.short)) if not has)
    share = "-" if verdict.share is None else f"{100 * verdict.share:.1f}"
    first = "-" if verdict.first_sample is None else verdict.first_sample
    reasons = " ".join(f"{reason}:{times}" for reason, times in verdict.reasons.items())
    print(f"{log.name:<30} {version:<5} {'bytes' if log.binary else 'live':<6}{due if log.due else 'no ' + due:<15}{first:>5} {share:>6} {verdict.wrong:>5}  "
          f"{reasons}  {'' if verdict.served else verdict.shown}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default=["*"], nargs="+", metavar="PATTERN")
    parser.add_argument("--gpsd", choices=("bookworm", "trixie"), action="append")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--at-once", type=int, default=20)
    chosen = parser.parse_args()
    enter_namespaces()
    os.nice(-10)  # it hardly computes, and the machine's other work would make sentences late
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
    gpsds = [Gpsd(release) for release in chosen.gpsd or ("bookworm", "trixie")]
    every = [Log(path) for path in sorted(chosen.folder.glob("*.log")) if any(fnmatch.fnmatch(path.stem, pattern) for pattern in chosen.only)]
    logs = sorted((log for log in every if log.cycles), key=lambda log: (log.seconds, log.name))
    left_out = [log.name for log in every if not log.cycles]
    print(f"{len(logs)} logs; without a sentence or UBX message of a time: {' '.join(left_out)}\n"
          f"{'receiver':<30} {'gpsd':<5} {'played':<6}{'':<15}{'first':>5} {'served':>6} {'wrong':>5}", flush=True)
    unserved, due, wrong = set(), set(), 0
    for at in range(0, len(logs), chosen.at_once):
        batch = logs[at:at + chosen.at_once]
        verdicts = run(batch, gpsds, chosen.keep)
        for log in batch:
            for gpsd in gpsds:
                verdict = verdicts[log.name, gpsd.version]
                print_row(log, gpsd.version, verdict)
                wrong += verdict.wrong
                due |= {log.name} if log.due else set()
                unserved |= {log.name} if log.due and not verdict.served else set()
    print(f"{len(due - unserved)} of {len(due)} receivers that are due are served by each gpsd, {wrong} wrong seconds; not served: {' '.join(sorted(unserved))}")
    return len(unserved) > EXCEPTIONS or wrong > 0


if __name__ == "__main__":
    sys.exit(main())
