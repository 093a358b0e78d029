"""What is read: chronyd's logs and ntsboxd's history. A line that is not as it should be is counted and named, never fatal."""

import collections
import dataclasses
import datetime
import gzip
import json
import pathlib
import zlib

NAMED = 5  # of the bad lines of a source

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
    files: list = dataclasses.field(default_factory=list)
    records: list = dataclasses.field(default_factory=list)
    bad: list = dataclasses.field(default_factory=list)  # (file, line number, why) of the first ones
    bad_count: int = 0
    trouble: list = dataclasses.field(default_factory=list)

    def refuse(self, path, number, why):
        self.bad_count += 1
        if len(self.bad) < NAMED:
            self.bad.append((str(path), number, why))

    def missing(self):
        """Why it has nothing to show; empty when it has."""
        if self.records:
            return ""
        if self.trouble:
            return "; ".join(self.trouble)
        return f"no line of {self.name} lies in this period" if self.files else f"there is no {self.name}: {self.cure}"


def opened(path):
    return gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb")


def rotation(path):
    """tracking.log, tracking.log.1, tracking.log.2.gz: the newest first."""
    number = path.name.removesuffix(".gz").rpartition(".")[2]
    return int(number) if number.isdigit() else 0


def read(source, paths, parse, since, until):
    """Each line of each file by `parse`, which gives a record with a time, None for a line without data, or raises."""
    for path in paths:
        source.files.append(str(path))
        number = 0
        try:
            with opened(path) as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        if not line.endswith(b"\n"):
                            raise ValueError("the line is cut")
                        record = parse(line.decode())
                        if record is not None and since <= record.time <= until:
                            source.records.append(record)
                    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
                        source.refuse(path, number, str(error) or type(error).__name__)
        except (OSError, EOFError, zlib.error) as error:
            source.trouble.append(f"{path}: {getattr(error, 'strerror', None) or error}" + advice(error))
            if number:
                source.refuse(path, number + 1, "the rest of the file cannot be read")
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
    source = Source(f"{name}.log", what, f'"log {name}" in chrony.conf has chronyd write it')
    try:
        paths = sorted((path for path in folder.iterdir() if path.name.startswith(f"{name}.log")), key=rotation, reverse=True)
    except OSError as error:
        source.trouble.append(f"{folder}: {error.strerror}{advice(error)}")
        paths = []
    return read(source, paths, parse, since, until)


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
    return Served(counted(found["t"], "t"), *(counted(each, "served") for each in counts))


def daily(source, folder, parse, since, until):
    """The records of a folder with a file a day."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".jsonl")
    except OSError as error:
        source.trouble.append(f"{folder}: {error.strerror}{advice(error)}")
        paths = []
    return read(source, paths, parse, since, until)


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
        daily(Source("history", "ntsboxd: each minute's pulses", "ntsboxd keeps it unless [files] history_days is 0"),
              pathlib.Path(history_folder), minute_in, *period),
        chrony_log(chrony, "tracking", "chronyd: each update of the clock", tracking_in, *period),
        chrony_log(chrony, "statistics", "chronyd: what it makes of each source", estimate_in, *period),
        chrony_log(chrony, "refclocks", "chronyd: each sample (8 MB a day; not written by default)", pulse_in, *period),
        daily(Source("served", "ntsbox-status.timer: whom chronyd served, each minute", "systemctl enable --now ntsbox-status.timer"),
              pathlib.Path(served_folder), served_in, *period))
