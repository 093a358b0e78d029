"""What is read: chronyd's logs and ntsboxd's history. A line that is not as it should be is counted and named, never fatal."""

import collections
import dataclasses
import datetime
import json
import pathlib
import re
import zlib

from foreign import LONGEST_LINE, Budget, Folder

NAMED = 5  # of the bad lines of a source
# Lines and bytes of a source that are read. A month of single samples is 2.9 million lines of 80 bytes, of updates every second 2.6
# million; a year of minutes is 530 000 lines.
LOG_BOUNDS = (3_000_000, 256 << 20)
DAILY_BOUNDS = (600_000, 256 << 20)
DAILY = re.compile(r"\d{4}-\d\d-\d\d\.jsonl", re.ASCII)
A_DATE = 10 ** 5  # a number behind a log's name is a date from here on, and before that the number of a rotation

Tracking = collections.namedtuple("Tracking", "time source stratum frequency skew error")
Estimate = collections.namedtuple("Estimate", "time source error")
Pulse = collections.namedtuple("Pulse", "time source error")
Minute = collections.namedtuple("Minute", "time span state fix used pulses samples missed refused error jitter correction whole "
                                "wander temperature sky")
Served = collections.namedtuple("Served", "time clients requests authenticated handshakes")


@dataclasses.dataclass
class Source:
    """One kind of file: what was found of it."""

    name: str
    what: str
    cure: str
    bounds: tuple  # lines, bytes
    files: list = dataclasses.field(default_factory=list)
    records: list = dataclasses.field(default_factory=list)
    bad: list = dataclasses.field(default_factory=list)  # (file, line number, why) of the first ones
    bad_count: int = 0
    trouble: list = dataclasses.field(default_factory=list)

    def refuse(self, path, number, why):
        self.bad_count += 1
        if len(self.bad) < NAMED:
            self.bad.append((str(path), number, why))

    def complain(self, path, error):
        self.trouble.append(f"{path}: {getattr(error, 'strerror', None) or error}" + advice(error))

    def missing(self):
        """Why it has nothing to show; empty when it has."""
        if self.records:
            return ""
        if self.trouble:
            return "; ".join(self.trouble)
        return f"no line of {self.name} lies in this period" if self.files else f"there is no {self.name}: {self.cure}"


def rotation(name):
    """tracking.log, tracking.log.1, tracking.log.2.gz; of logrotate's dateext tracking.log-20261101, tracking.log-20261025: the newest first."""
    number = int(re.search(r"\d*$", name.removesuffix(".gz")).group(0) or 0)
    return (0, number) if number < A_DATE else (1, -number)


def record_of(line, parse):
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE} bytes")
    if not line.endswith(b"\n"):
        raise ValueError("the line is cut")
    return parse(line.decode())


def read_file(source, folder, name, budget, parse, since, until):
    """Each line by `parse`, which gives a record with a time, None for a line without data, or raises."""
    path, number = folder.path / name, 0
    source.files.append(str(path))
    try:
        for number, line in enumerate(folder.lines(name, budget), 1):
            try:
                record = record_of(line, parse)
                if record is not None and since <= record.time <= until:
                    source.records.append(record)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
                source.refuse(path, number, str(error) or type(error).__name__)
    except (OSError, EOFError, zlib.error) as error:
        source.complain(path, error)
        if number:
            source.refuse(path, number + 1, "the rest of the file cannot be read")


def read(source, path, pattern, newest_first, parse, since, until):
    """The files of a folder whose names `pattern` matches, the newest ones first: they are read when there is too much."""
    budget = Budget(*source.bounds)
    try:
        with Folder(path) as folder:
            for name in newest_first(folder.names(pattern)):
                if budget.spent():
                    break
                read_file(source, folder, name, budget, parse, since, until)
    except OSError as error:
        source.complain(path, error)
    source.records.sort(key=lambda record: record.time)
    return source


def advice(error):
    return " (run ntsbox-report as root)" if isinstance(error, PermissionError) else ""


# chronyd's logs: columns apart by blanks (chrony.conf(5), "log").

DAYS = {}


def seconds_of(day, clock):
    """Of UTC, as chronyd has them."""
    if day not in DAYS:
        DAYS[day] = int(datetime.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())
    hours, minutes, seconds = clock.split(":")
    if not (len(clock) >= 8 and int(hours) < 24 and int(minutes) < 60 and 0 <= float(seconds) < 61):
        raise ValueError(f"no time of day: {clock}")
    return DAYS[day] + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def number(text):
    value = float(text)
    if not abs(value) < 1e12:
        raise ValueError(f"no number: {text}")
    return value


def named(text):
    """A word that may stand on a page."""
    if not isinstance(text, str) or not 0 < len(text) <= 64 or not text.isprintable():
        raise ValueError("a name that is none")
    return text


def columns_of(line, least):
    """Nothing for a banner."""
    if line.startswith("=") or line.lstrip().startswith("Date"):
        return None
    words = line.split()
    if len(words) < least:
        raise ValueError(f"{len(words)} columns, where {least} should be")
    return words


def tracking_in(line):
    words = columns_of(line, 14)
    if not words:
        return None
    return Tracking(seconds_of(*words[:2]), named(words[2]), int(words[3]), number(words[4]), number(words[5]), number(words[6]))


def estimate_in(line):
    words = columns_of(line, 13)
    return words and Estimate(seconds_of(*words[:2]), named(words[2]), number(words[4]))


def pulse_in(line):
    """A raw sample of a refclock. chronyd has them positive when the clock is slow."""
    words = columns_of(line, 9)
    if not words or words[3] == "-":
        return None
    return Pulse(seconds_of(*words[:2]), named(words[2]), -number(words[6]))


def chrony_log(folder, name, what, parse, since, until):
    source = Source(f"{name}.log", what, f'"log {name}" in chrony.conf has chronyd write it', LOG_BOUNDS)
    pattern = re.compile(rf"{name}\.log([.-]\d{{1,10}})?(\.gz)?", re.ASCII)
    return read(source, folder, pattern, lambda names: sorted(names, key=rotation), parse, since, until)


# ntsboxd's history: docs/history.md.

def counted(value, what, most=10 ** 12):
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{what} is no count")
    return value


def numbers(value, length, what):
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != length:
        raise ValueError(f"{what} should be {length} numbers")
    return [number(each) for each in value]


def error_of(offset):
    """The clock's error in seconds, least first: an offset is true less system time, in ns."""
    return offset and [-each * 1e-9 for each in reversed(offset)]


def satellites_in(sky):
    return [numbers(each, 6, "a satellite") for each in sky or []]


def minute_in(line):
    if not line.strip():
        return None
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    refused = {named(reason): counted(count, reason) for reason, count in found.get("refused", {}).items()}
    pulses, samples = counted(found["pulses"], "pulses"), counted(found["samples"], "samples")
    if pulses != samples + sum(refused.values()):
        raise ValueError("its counts do not add up")
    whole = numbers(found.get("whole"), 2, "whole")
    temperature = found.get("temperature")
    return Minute(
        counted(found["t"], "t"), counted(found["span"], "span", 86400), named(found["state"]), counted(found["fix"], "fix"),
        counted(found["used"], "used"), pulses, samples, counted(found["missed"], "missed"), refused,
        error_of(numbers(found.get("offset"), 3, "offset")), numbers(found.get("jitter"), 3, "jitter"),
        numbers(found.get("correction"), 3, "correction"), whole and (int(whole[0]), -whole[1] * 1e-9),
        [numbers(each, 2, "wander") for each in found.get("wander", [])], None if temperature is None else number(temperature),
        satellites_in(found.get("sky")))


def served_in(line):
    if not line.strip():
        return None
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    counts = found["served"]
    if not isinstance(counts, list) or len(counts) != 4:
        raise ValueError("served should be 4 counts")
    clients = None if counts[0] is None else counted(counts[0], "clients")
    return Served(counted(found["t"], "t"), clients, *(counted(each, "served") for each in counts[1:]))


def daily(source, folder, parse, since, until):
    """The records of a folder with a file a day."""
    return read(source, folder, DAILY, lambda names: sorted(names, reverse=True), parse, since, until)


@dataclasses.dataclass
class Evidence:
    since: float
    until: float
    history: Source
    tracking: Source
    statistics: Source
    refclocks: Source
    served: Source

    def sources(self):
        return [self.history, self.tracking, self.statistics, self.refclocks, self.served]

    def times(self):
        """Of the first and the last record; nothing without any."""
        ends = [source.records[end].time for source in self.sources() if source.records for end in (0, -1)]
        starts = [source.records[0].time - source.records[0].span for source in (self.history,) if source.records]
        return (min(ends + starts), max(ends)) if ends else None


def gather(history_folder, served_folder, chrony_folder, since, until):
    chrony, period = pathlib.Path(chrony_folder), (since, until)
    return Evidence(
        since, until,
        daily(Source("history", "ntsboxd: each minute's pulses", "ntsboxd keeps it unless [files] history_days is 0", DAILY_BOUNDS),
              pathlib.Path(history_folder), minute_in, *period),
        chrony_log(chrony, "tracking", "chronyd: each update of the clock", tracking_in, *period),
        chrony_log(chrony, "statistics", "chronyd: what it makes of each source", estimate_in, *period),
        chrony_log(chrony, "refclocks", "chronyd: each sample (8 MB a day; not written by default)", pulse_in, *period),
        daily(Source("served", "ntsbox-status.timer: whom chronyd served, each minute", "systemctl enable --now ntsbox-status.timer", DAILY_BOUNDS),
              pathlib.Path(served_folder), served_in, *period))
