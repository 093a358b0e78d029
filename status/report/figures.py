"""The figures: records in, numbers out. Times are seconds since 1970, errors of the clock seconds, positive when it is ahead."""

import bisect
import collections
import dataclasses
import math

MINUTES_ENOUGH = 10  # of history, to be preferred to refclocks.log
STEP = 0.01  # s: what departs by so much is a step of the clock, and no jitter
NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
BINS = 240
FEWEST = 4  # differences that a deviation is made of

Band = collections.namedtuple("Band", "time low middle high")
States = ("LOCKED", "ACQUIRING", "WAITING", "HOLD", "FAULT")


def quantile(ordered, part):
    return ordered[round((len(ordered) - 1) * part)]


def spread(values):
    """None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return {"count": len(ordered), "least": ordered[0], "p1": quantile(ordered, 0.01), "median": quantile(ordered, 0.5),
            "p99": quantile(ordered, 0.99), "most": ordered[-1]}


def bin_width(span):
    return next((width for width in NICE if span / width <= BINS), 86400 * math.ceil(span / 86400 / BINS))


def banded(points, width):
    """(time, low, middle, high) points as one Band a bin of `width` that holds any, and NaN where a gap is."""
    points = sorted(points)
    bins = collections.defaultdict(list)
    for point in points:
        bins[point[0] // width].append(point)
    steps = sorted(later[0] - earlier[0] for earlier, later in zip(points, points[1:]))
    patience = max(1.5 * width, 3 * quantile(steps, 0.5)) if steps else width
    out = []
    for place, inside in sorted(bins.items()):
        band = Band((place + 0.5) * width, min(point[1] for point in inside),
                    quantile(sorted(point[2] for point in inside), 0.5), max(point[3] for point in inside))
        if out and band.time - out[-1].time > patience:
            out.append(Band((out[-1].time + band.time) / 2, math.nan, math.nan, math.nan))
        out.append(band)
    return out


def gaps_of(history):
    """(from, to) that no minute of the history covers."""
    out, end = [], None
    for minute in history:
        if end is not None and minute.time - minute.span - end > 90:
            out.append((end, minute.time - minute.span))
        end = minute.time if end is None else max(end, minute.time)
    return out


def deviation(sums, tau):
    count, total = sums
    return math.sqrt(total / (2 * tau * tau * count))


def allan_of_offsets(offsets, tau):
    """{second: offset in s}: the overlapping Allan deviation, over what is there of it."""
    count, total = 0, 0.0
    for second, last in offsets.items():
        middle, first = offsets.get(second - tau), offsets.get(second - 2 * tau)
        if middle is None or first is None:
            continue
        difference = last - 2 * middle + first
        if abs(difference) < 2 * STEP:
            count, total = count + 1, total + difference * difference
    return (count, total)


def allan(history, pulses):
    """[(tau, deviation, differences)], from the history, or from single pulses where there is little of it."""
    out = []
    if len(history) >= MINUTES_ENOUGH or not pulses:
        for place, tau in enumerate((1, 2, 4, 8, 16)):
            each = [minute.wander[place] for minute in history if len(minute.wander) > place]
            out.append((tau, (int(sum(count for count, _ in each)), sum(total for _, total in each) * 1e-18)))
        offsets, base = dict(minute.whole for minute in history if minute.whole), 60
    else:
        offsets, base = {round(pulse.time - pulse.error): pulse.error for pulse in pulses}, 1
    span = max(offsets) - min(offsets) if offsets else 0
    tau = base
    while 2 * tau <= span:
        out.append((tau, allan_of_offsets(offsets, tau)))
        tau *= 2
    return [(tau, deviation(sums, tau), sums[0]) for tau, sums in out if sums[0] >= FEWEST and sums[1] > 0]


def jitters_of(pulses):
    """(time, s): how far each pulse lies from the middle between its neighbours."""
    out = []
    for first, middle, last in zip(pulses, pulses[1:], pulses[2:]):
        if abs(last.time - first.time - 2) < 0.1:
            departure = abs(middle.error - (first.error + last.error) / 2)
            if departure < STEP:
                out.append((middle.time, departure))
    return out


def served_since(served):
    """(time, span, requests, authenticated, handshakes) from minute to minute; chronyd counts from its start."""
    out, before = [], None
    for minute in served:
        now = minute[2:]
        if before is not None:
            began_anew = any(new < old for new, old in zip(now, before[1]))
            out.append((minute.time, minute.time - before[0],
                        *(new if began_anew else new - old for new, old in zip(now, before[1]))))
        before = (minute.time, now)
    return out


def with_temperature(tracking, history):
    """(degrees Celsius, ppm) of each update that a minute with a temperature is near to."""
    warm = [minute for minute in history if minute.temperature is not None]
    times = [minute.time for minute in warm]
    out = []
    for update in tracking:
        place = bisect.bisect_left(times, update.time)
        if place < len(warm) and 0 <= times[place] - update.time <= max(90, warm[place].span):
            out.append((warm[place].temperature, update.frequency))
    return out


def slope(pairs):
    """ppm a degree; None where too little is seen of both."""
    if len(pairs) < 10 or max(x for x, _ in pairs) - min(x for x, _ in pairs) < 1:
        return None
    middle_x, middle_y = (sum(each) / len(pairs) for each in zip(*pairs))
    return (sum((x - middle_x) * (y - middle_y) for x, y in pairs) / sum((x - middle_x) ** 2 for x, _ in pairs))


@dataclasses.dataclass
class Figures:
    """All that the page shows."""

    begin: float
    end: float
    width: int
    errors: list  # (time, low, middle, high): what the pulses tell of the clock
    errors_from: str
    jitter: list  # the same, in s
    tracking: list
    temperatures: list  # (time, degrees)
    warmth: list  # (degrees, ppm)
    allan: list
    gaps: list
    refused: dict
    refusals: dict  # reason: [(from, to, share of the pulses)]
    served: list
    sky: dict  # (azimuth, elevation) in degrees: the signals heard from there
    estimates: dict  # source: (time, error)
    totals: dict


def totals_of(history):
    refused = collections.Counter()
    for minute in history:
        refused.update(minute.refused)
    states = collections.Counter()
    for minute in history:
        states[minute.state] += minute.span
    return {"minutes": len(history), "seconds": sum(minute.span for minute in history),
            "pulses": sum(minute.pulses for minute in history), "samples": sum(minute.samples for minute in history),
            "missed": sum(minute.missed for minute in history), "refused": dict(sorted(refused.items())), "states": dict(states)}


def sky_of(history, cell=3):
    sky = collections.defaultdict(list)
    for minute in history:
        for _, _, azimuth, elevation, signal, _ in minute.sky:
            sky[azimuth // cell * cell + cell / 2, min(elevation, 89) // cell * cell + cell / 2].append(signal)
    return dict(sky)


def refusals_of(history, width):
    """{reason: [(from, to, its share of the pulses)]}: of each minute, or of each `width` when that is longer."""
    bins = collections.defaultdict(list)
    for minute in history:
        bins[minute.time // width if width > 60 else minute.time].append(minute)
    out = collections.defaultdict(list)
    for _, minutes in sorted(bins.items()):
        totals = totals_of(minutes)
        for reason, count in totals["refused"].items():
            if count:
                out[reason].append((min(minute.time - minute.span for minute in minutes), max(minute.time for minute in minutes),
                                    count / totals["pulses"]))
    return dict(sorted(out.items()))


def estimates_of(statistics, refclocks):
    out = collections.defaultdict(list)
    for estimate in statistics:
        if estimate.source not in refclocks:
            out[estimate.source].append((estimate.time, estimate.error))
    return dict(sorted(out.items()))


def compute(evidence):
    """None when there is nothing at all."""
    times = evidence.times()
    if times is None:
        return None
    begin, end = times
    width = bin_width(end - begin)
    history, pulses = evidence.history.records, evidence.refclocks.records
    totals = totals_of(history)
    if len([minute for minute in history if minute.error]) >= MINUTES_ENOUGH or not pulses:
        errors = [(minute.time - minute.span / 2, *minute.error) for minute in history if minute.error]
        jitter = [(minute.time - minute.span / 2, *(each * 1e-9 for each in minute.jitter)) for minute in history if minute.jitter]
        origin = "history"
    else:
        errors = [(pulse.time, pulse.error, pulse.error, pulse.error) for pulse in pulses]
        jitter = [(time, value, value, value) for time, value in jitters_of(pulses)]
        origin = "refclocks.log"
    refclocks = {pulse.source for pulse in pulses} | {"GPS"}
    return Figures(
        begin, end, width, errors, origin, jitter, evidence.tracking.records,
        [(minute.time, minute.temperature) for minute in history if minute.temperature is not None],
        with_temperature(evidence.tracking.records, history), allan(history, pulses), gaps_of(history), totals["refused"],
        refusals_of(history, width), served_since(evidence.served.records), sky_of(history),
        estimates_of(evidence.statistics.records, refclocks), totals)


def summary(evidence, figures):
    """For programs: numbers with their units in their names."""
    history = evidence.history.records
    served = figures.served
    return {
        "since": evidence.since, "until": evidence.until, "begin": figures.begin, "end": figures.end, "history": figures.totals,
        "gaps": [list(gap) for gap in figures.gaps],
        "clock_error_seconds": spread(error for _, _, error, _ in figures.errors), "clock_error_from": figures.errors_from,
        "tracking_error_seconds": spread(update.error for update in figures.tracking),
        "jitter_seconds": spread(middle for _, _, middle, _ in figures.jitter),
        "frequency_ppm": spread(update.frequency for update in figures.tracking),
        "temperature_celsius": spread(degrees for _, degrees in figures.temperatures),
        "frequency_ppm_per_degree": slope(figures.warmth),
        "allan_deviation": [{"tau_seconds": tau, "deviation": value, "count": count} for tau, value, count in figures.allan],
        "satellites_used": spread(minute.used for minute in history),
        "clients": spread(minute.clients for minute in evidence.served.records if minute.clients is not None),
        "requests": sum(each[2] for each in served), "requests_authenticated": sum(each[3] for each in served),
        "nts_handshakes": sum(each[4] for each in served),
        "other_sources_error_seconds": {name: spread(error for _, error in points) for name, points in figures.estimates.items()},
        "read": [{"name": source.name, "files": source.files, "records": len(source.records), "bad": source.bad_count,
                  "first_bad": [{"file": path, "line": line, "why": why} for path, line, why in source.bad],
                  "trouble": source.trouble} for source in evidence.sources()]}
