"""A receiver's log as cycles, and the same cycles with other dates. Nothing here reads a clock or a file.

A log is what a receiver sent, as gpsd's regression suite has it: lines that begin with # describe it, the rest is NMEA, UBX or both. It does not
tell when a byte came, so a cycle is what has one time, and begins with the first sentence of a new one.
"""

import calendar
import collections
import dataclasses
import functools
import math
import re
import struct
import time

DAY = 86400
LONGEST_GAP = 10  # seconds; a longer one is the recorder's
GPS_EPOCH = calendar.timegm((1980, 1, 6, 0, 0, 0))
# When the leap seconds came by which GPS is ahead of UTC.
LEAPS = [calendar.timegm((*date, 1, 0, 0, 0)) for date in (
    (1981, 7), (1982, 7), (1983, 7), (1985, 7), (1988, 1), (1990, 1), (1991, 1), (1992, 7), (1993, 7), (1994, 7), (1996, 1), (1997, 7), (1999, 1),
    (2006, 1), (2009, 1), (2012, 7), (2015, 7), (2017, 1))]
SENTENCE = re.compile(rb"[$!][A-Z][^\r\n$!]*(?:\r*\n|$)")
HEADER = re.compile(rb"(?:#[^\n]*\n)+")
CLOCK = re.compile(r"(\d\d)(\d\d)(\d\d)(\.\d*)?$")

# Where a sentence has its time (hhmmss) and its date (ddmmyy); ZDA has its own fields. gpsd reads the time of no other one.
PLACES = {"GGA": (1, None), "RMC": (1, 9), "GNS": (1, None), "GLL": (5, None), "GBS": (1, None), "GST": (1, None), "GRS": (1, None),
          "ZDA": (1, None), "BWC": (1, None), "BWR": (1, None), "PSRFEPE": (1, None), "PASHR,POS": (4, None),
          "PGRMF": (4, 3), "PSTI,030": (2, 12), "PSTI,032": (2, 3), "PSTI,033": (2, 3), "PSTI,035": (2, 3), "PSTI,036": (2, 3)}
NAV_STATUS, NAV_SOL, NAV_PVT, NAV_TIMEUTC, HNR_PVT = (1, 3), (1, 6), (1, 7), (1, 0x21), (0x28, 0)
# u-blox's messages whose first member is iTOW, the time of the week in ms: most NAV, and HNR-PVT, which may come ten times a second.
UBX_TIMED = {*((1, number) for number in (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x11, 0x12, 0x20, 0x21, 0x22, 0x30, 0x35, 0x61)), HNR_PVT}


# What a sentence or message is.

@functools.lru_cache(maxsize=None)
def fields_of(part):
    """A sentence's fields, its name among them: ["GPRMC", "114500", ...]; [] of anything else."""
    text = part.decode("ascii", "replace")
    body, star, rest = text[1:].rstrip("\r\n").rpartition("*")
    if not re.match(r"[$!][A-Z]", text):
        return []
    if not star:
        return rest.split(",")
    return body.split(",") if rest[:2].upper() == checksum(body) else []


def checksum(body):
    """Of the characters between $ and *, as two hexadecimal digits."""
    return f"{functools.reduce(lambda a, b: a ^ b, body.encode('ascii', 'replace'), 0):02X}"


def kind_of(fields):
    """"RMC", "PSTI,030"; "" of no sentence."""
    if not fields:
        return ""
    return ",".join(fields[:2]) if fields[0] in ("PSTI", "PASHR") else fields[0] if fields[0][0] == "P" else fields[0][-3:]


def ubx_of(part):
    """(class, id, payload) of a whole UBX message, else ()."""
    return (part[2], part[3], part[6:-2]) if part[:2] == b"\xb5\x62" and len(part) >= 8 else ()


def key_of(part):
    """What sentences that say the same have in common."""
    fields = fields_of(part)
    message = ubx_of(part)
    if message:
        return message[:2]
    return (fields[0], *(fields[2:3] if fields[0].endswith("GSV") else [])) if fields else None


def seconds_in(clock):
    """Of the day, whole; and the fraction as it is written: "114500.250" is (42300, ".250"). None of anything else."""
    found = CLOCK.match(clock)
    if not found or int(found[1]) > 23:
        return None
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]), found[4] or ""


@functools.lru_cache(maxsize=None)
def time_of(part):
    """(scale, seconds of the day) of a sentence or message that has a time, else None."""
    message = ubx_of(part)
    if message[:2] in UBX_TIMED and len(message[2]) >= 4:
        return "GPS", struct.unpack_from("<I", message[2])[0] / 1000 % DAY
    fields = fields_of(part)
    place = PLACES.get(kind_of(fields), (None, None))[0]
    read = seconds_in(fields[place]) if place and place < len(fields) else None
    return ("UTC", read[0] + float(f"0{read[1]}" if len(read[1]) > 1 else 0)) if read else None


@functools.lru_cache(maxsize=None)
def fix_in(part):
    """Whether it tells of a fix; None where it does not say. Neither a dead-reckoned nor a simulated one is any."""
    message = ubx_of(part)
    for kind, size, kind_at, flags_at in ((NAV_PVT, 84, 20, 21), (NAV_SOL, 52, 10, 11), (NAV_STATUS, 16, 4, 5), (HNR_PVT, 72, 16, 17)):
        if message[:2] == kind and len(message[2]) >= size:
            return message[2][kind_at] in (2, 3, 4, 5) and bool(message[2][flags_at] & 1)
    fields = [*fields_of(part), *[""] * 20]
    kind = kind_of(fields[:-20])
    if kind == "RMC" and fields[2]:
        return fields[2] == "A" and fields[12] not in ("N", "E", "S", "M")
    if kind == "GLL" and fields[6]:
        return fields[6] == "A" and fields[7] not in ("N", "E", "S", "M")
    if kind == "GGA" and fields[6]:
        return fields[6] not in ("0", "6", "7", "8")
    if kind == "GNS" and fields[6]:
        return bool(set(fields[6]) - set("NESM"))
    return None


@functools.lru_cache(maxsize=None)
def utc_in(part):
    """(UTC second since 1970, whether its receiver calls it valid) of a part that has date and time, else None."""
    message = ubx_of(part)
    if message[:2] in (NAV_PVT, HNR_PVT) and len(message[2]) >= 72:
        *date, valid = struct.unpack_from("<HBBBBBB", message[2], 4)
        nano = struct.unpack_from("<i", message[2], 16 if message[:2] == NAV_PVT else 12)[0]
        return whole(calendar.timegm(date) + nano / 1e9), valid & 3 == 3
    if message[:2] == NAV_TIMEUTC and len(message[2]) >= 20:
        nano, *date, valid = struct.unpack_from("<iHBBBBBB", message[2], 8)
        return whole(calendar.timegm(date) + nano / 1e9), valid & 7 == 7
    if message[:2] == NAV_SOL and len(message[2]) >= 52:
        of_week, _, week, _, flags = struct.unpack_from("<IihBB", message[2])
        gps = GPS_EPOCH + week * 7 * DAY + of_week / 1000
        return whole(gps - leap_seconds(gps)), flags & 12 == 12
    fields = fields_of(part)
    kind = kind_of(fields)
    timed = time_of(part)
    if not timed:
        return None
    if kind == "ZDA" and len(fields) > 4 and all(each.isdigit() for each in fields[2:5]):
        return calendar.timegm((int(fields[4]), int(fields[3]), int(fields[2]), 0, 0, 0)) + int(timed[1]), True
    place = PLACES.get(kind, (None, None))[1]
    if place and place < len(fields) and re.fullmatch(r"\d{6}", fields[place]):
        day, month, year = (int(fields[place][i:i + 2]) for i in (0, 2, 4))
        return calendar.timegm((2000 + year, month, day, 0, 0, 0)) + int(timed[1]), fix_in(part) is not False
    return None


def whole(seconds):
    """The second in which that is; a receiver may be a little behind its pulse."""
    return math.floor(seconds + 0.05)


def leap_seconds(second):
    return sum(second >= each for each in LEAPS)


def epoch_of(text):
    """"2017-12-01T10:00:00" in seconds since 1970."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


# A log and its cycles.

def parts_of(log):
    """Its sentences and messages, and between them what is neither."""
    head = HEADER.match(log)
    log = log[head.end() if head else 0:]
    parts, other, at = [], 0, 0
    while at < len(log):
        size = part_at(log, at)
        if not size:
            at += 1
            continue
        parts += [log[other:at]] if other < at else []
        parts += [log[at:at + size]] if log[at] != ord("#") else []
        other = at = at + size
    return parts + ([log[other:]] if other < len(log) else [])


def part_at(log, at):
    """The length of the sentence, message or comment that begins there; 0 if none does."""
    if log[at:at + 2] == b"\xb5\x62" and at + 8 <= len(log):
        size = 8 + struct.unpack_from("<H", log, at + 4)[0]
        first = second = 0
        for byte in log[at + 2:at + size - 2]:
            first = first + byte & 255
            second = second + first & 255
        return size if log[at + size - 2:at + size] == bytes((first, second)) else 0
    if log[at:at + 1] in (b"$", b"!"):
        found = SENTENCE.match(log, at)
        return found.end() - at if found else 0
    if log[at:at + 1] == b"#" and (at == 0 or log[at - 1:at] == b"\n") and log[at:at + 2] in (b"# ", b"#\n"):
        return log.find(b"\n", at) + 1 - at
    return 0


@dataclasses.dataclass
class Cycle:
    parts: list
    time: float = None  # of the day; None where no sentence tells it
    label: float = 0.0  # the time in seconds after the whole second of the log's first cycle

    @property
    def fix(self):
        """Whether one says so, and none denies it."""
        said = [fix_in(part) for part in self.parts]
        return True in said and False not in said

    @property
    def utc(self):
        """The second since 1970 that the receiver calls valid, or None."""
        return next((read[0] for part in self.parts if (read := utc_in(part)) and read[1]), None)

    @property
    def dated(self):
        return any(utc_in(part) for part in self.parts)


def ahead(later, earlier):
    """By how much, in seconds, on a clock that knows no date."""
    return (later - earlier + DAY / 2) % DAY - DAY / 2


def cycles_of(parts):
    """What has one time, in order; as `Cycle.label` a day's clock goes on over midnight."""
    cycles = [Cycle([])]
    times = {}
    for part in parts:
        scale, moment = time_of(part) or (None, None)
        again = not times and cycles[-1].parts and key_of(part) is not None and key_of(part) == key_of(cycles[-1].parts[0])
        if again or (scale in times and not -LONGEST_GAP < ahead(moment, times[scale]) <= 0.04):
            cycles.append(Cycle([]))
            times = {}
        cycles[-1].parts.append(part)
        if scale and (scale not in times or ahead(moment, times[scale]) > 0):
            times[scale] = moment
    cycles = satellites_first(cycles)
    for cycle in cycles:
        cycle.time = usual_time(cycle)
    # The log may begin, and mostly ends, within a cycle.
    if len(cycles) > 3:
        cycles = cycles[first_key(cycles[0]) != first_key(cycles[1]):-1]
    set_labels(cycles)
    return cycles


def usual_time(cycle):
    """What most sentences tell, since one may announce the next second; of UBX the latest."""
    told = [read for part in cycle.parts if (read := time_of(part))]
    utc = collections.Counter(moment for scale, moment in told if scale == "UTC")
    if utc:
        return max(utc, key=lambda moment: (utc[moment], moment))
    return max((moment for _, moment in told), default=None)


def first_key(cycle):
    return key_of(cycle.parts[0]) if cycle.parts else None


def satellites_first(cycles):
    """A log that begins with a whole set of GSV is of a receiver that begins its cycles so, if sentences with a time end them."""
    key = first_key(cycles[0])
    if not key or not str(key[0]).endswith("GSV") or key[1:] != ("1",):
        return cycles
    cut = []
    for cycle in cycles:
        keys = [key_of(part) for part in cycle.parts]
        last_timed = max((i for i, part in enumerate(cycle.parts) if time_of(part)), default=-1)
        cut.append(next((i for i in range(last_timed + 1, len(keys)) if keys[i] == key and last_timed >= 0), len(keys)))
    if 2 * sum(at < len(cycle.parts) for at, cycle in zip(cut, cycles)) < len(cycles):
        return cycles
    moved = []
    carried = []
    for at, cycle in zip(cut, cycles):
        moved.append(Cycle(carried + cycle.parts[:at]))
        carried = cycle.parts[at:]
    return moved


def steps_of(cycles):
    """From each time to the next, in seconds, where there is a fix if it is anywhere; without the gaps that set_labels closes."""
    fixed = [cycle for cycle in cycles if cycle.fix]
    times = [cycle.time for cycle in (fixed if len(fixed) > 1 else cycles) if cycle.time is not None]
    return [step for a, b in zip(times, times[1:]) if 0 < (step := ahead(b, a)) <= LONGEST_GAP]


def period_of(cycles):
    """The usual step, in seconds; None where fewer than two cycles have a time."""
    steps = collections.Counter(round(step, 1) for step in steps_of(cycles))
    return steps.most_common(1)[0][0] if steps else None


def set_labels(cycles):
    """A longer gap, or a step back, is the recorder's: the next cycle follows after the usual period."""
    period = period_of(cycles) or 1.0
    for before, cycle in zip([None, *cycles], cycles):
        if before is None:
            cycle.label = (cycle.time or 0.0) % 1
        elif cycle.time is None or before.time is None:
            cycle.label = float(int(before.label) + 1) + (cycle.time or 0.0) % 1
        else:
            step = ahead(cycle.time, before.time)
            cycle.label = before.label + (step if 0 < step <= LONGEST_GAP else period)
            cycle.label = round(cycle.label - cycle.time % 1) + cycle.time % 1


def is_1hz(cycles):
    """Whether most steps are of a second, and one kind of sentence tells of the fix in most of them: some take two seconds for a cycle, in which
    one half has a time of its own."""
    steps = steps_of(cycles)
    fixed = [cycle for cycle in cycles if cycle.fix] or cycles
    kinds = collections.Counter(kind for cycle in fixed for kind in {key_of(part) for part in cycle.parts if time_of(part)})
    return bool(steps) and sum(abs(step - 1) < 0.06 for step in steps) >= 0.6 * len(steps) and max(kinds.values(), default=0) >= 0.6 * len(fixed)


def baud_of(log, cycles):
    """As the log has it, else 9600; more where a cycle would last longer than nine tenths of a period."""
    told = re.search(rb"^# *(?:Serial|Baud|Speed)[^0-9\n]*(\d{4,6})", log, re.MULTILINE)
    longest = max(sum(map(len, cycle.parts)) for cycle in cycles)
    needed = longest * 10 / (0.9 * min(1.0, period_of(cycles) or 1.0))
    least = int(told[1]) if told else 9600
    return next((baud for baud in (4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800) if baud >= max(least, needed)), 921600)


def steady(cycles):
    """(begin, end): the longest run of cycles with a fix, one each period; of all of them in a log that has none."""
    best, begin, period = (0, 0), 0, period_of(cycles) or 1
    for i, cycle in enumerate(cycles):
        if not cycle.fix:
            begin = i + 1
        elif i > begin and abs(cycle.label - cycles[i - 1].label - period) > 0.06:
            begin = i
        if i + 1 - begin > best[1] - best[0]:
            best = (begin, i + 1)
    return best if best[1] > best[0] else (0, len(cycles))


def repeated(cycles, seconds):
    """(second, cycle) in order, for so many: the log once, and then its steady run again and again. The second is that of
    the first cycle with its label added, and goes on."""
    begin, end = steady(cycles)
    order = cycles
    base, last = 0, None
    while True:
        for cycle in order:
            if last is not None and base + cycle.label <= last:
                base += round(last - base - cycle.label) + max(1, round(period_of(cycles) or 1))
            last = base + cycle.label
            if last >= seconds:
                return
            yield last, cycle
        order = cycles[begin:end]


# Other dates.

def redated(part, shift):
    """The sentence as if it told of `shift` whole seconds later, where its old time is in seconds since 1970: see redated_cycle."""
    fields = [*fields_of(part)]
    kind = kind_of(fields)
    timed = time_of(part)
    if not timed or not fields:
        return part
    place, date_place = PLACES[kind]
    old, fraction = seconds_in(fields[place])
    new = time.gmtime(shift(old))
    fields[place] = time.strftime("%H%M%S", new) + fraction
    if kind == "ZDA" and len(fields) > 4 and all(each.isdigit() for each in fields[2:5]):
        fields[2:5] = time.strftime("%d %m %Y", new).split()
    if date_place and date_place < len(fields) and re.fullmatch(r"\d{6}", fields[date_place]):
        fields[date_place] = time.strftime("%d%m%y", new)
    if kind == "PGRMF" and all(each.isdigit() for each in fields[1:6]):
        week, of_week = divmod(calendar.timegm(new) + len(LEAPS) - GPS_EPOCH, 7 * DAY)
        fields[1:3], fields[5] = [str(week % 1024), str(of_week)], str(len(LEAPS))
    body = ",".join(fields)
    end = re.search(rb"(\*..)?([\r\n]*)$", part)
    return b"$" + body.encode() + (b"*" + checksum(body).encode() if end[1] else b"") + end[2]


def redated_cycle(cycle, second):
    """Its parts, with their times and dates as if its own time were `second`, in seconds since 1970. What a sentence is behind or ahead of the
    others stays so."""
    if cycle.time is None:
        return cycle.parts
    base = round(second - cycle.time % 1)
    return [redated(part, lambda old: base + round(ahead(old, int(cycle.time)))) for part in cycle.parts]
