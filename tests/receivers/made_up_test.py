#!/usr/bin/env python3
"""Made-up receivers through a real gpsd: which are served, and what the status says of the others."""

import collections
import os
import re
import sys
import time
import unittest

import receivers
from cycles import checksum

SECONDS = 50
CALM = 12  # at the end, in which nothing changes any more


def sentence(body):
    return f"${body}*{checksum(body)}\r\n".encode()


def moment(second):
    return time.strftime("%H%M%S.00", time.gmtime(second)), time.strftime("%d%m%y", time.gmtime(second))


PLACE, NOWHERE = "4807.038,N,01131.000,E", ",,,"


def rmc(second, status="A", mode=",A", place=PLACE, date=True):
    clock, day = moment(second)
    return sentence(f"GPRMC,{clock},{status},{place},0.02,31.66,{day if date else ''},,{mode}")


def gga(second, quality="1", place=PLACE, satellites=8):
    return sentence(f"GPGGA,{moment(second)[0]},{place},{quality},{satellites:02},0.9,545.4,M,46.9,M,,")


def zda(second):
    return sentence(f"GPZDA,{time.strftime('%H%M%S.00,%d,%m,%Y', time.gmtime(second))},00,00")


def gsa(mode=3):
    return sentence(f"GPGSA,A,{mode},04,05,09,12,24,25,29,31,,,,,1.8,0.9,1.5" if mode == 3 else "GPGSA,A,1,,,,,,,,,,,,,,,")


def gll(second):
    return sentence(f"GPGLL,{PLACE},{moment(second)[0]},A,A")


def gsv():
    satellites = [f"{number:02},40,{10 * number:03},4{number % 10}" for number in (4, 5, 9, 12, 24, 25, 29, 31)]
    return [sentence(f"GPGSV,2,{n + 1},08," + ",".join(satellites[4 * n:4 * n + 4])) for n in range(2)]


def well(second):
    return [rmc(second), gga(second), gsa(), *gsv()]


# What each sends for a second; it begins receivers.LATENCY after its pulse, unless the first is a number.

def no_fix(second):
    return [rmc(second, "V", ",N", NOWHERE), gga(second, "0", NOWHERE), gsa(1), *gsv()]


def satellites_first(second):
    """At 9600 baud the time comes 0.2 s after the next pulse."""
    return [0.65, *gsv() * 3, gsa(), rmc(second), gga(second)]


def without_rmc(second):
    return [zda(second), gll(second), gsa()]


THREE_YEARS = 3 * 365 * 86400

# In `make check`.
FEW = {
    "well": lambda second, since: well(second),
    "satellites first, the time after the next pulse": lambda second, since: satellites_first(second),
    "NMEA before 2.3, without a mode": lambda second, since: [rmc(second, mode=""), gga(second), gsa(), *gsv()],
    "GGA with an empty quality": lambda second, since: [gga(second, ""), rmc(second, mode=""), zda(second), gsa()],
    "ZDA alone": lambda second, since: [zda(second)],
    "RMC without a fix, GGA with quality 0": lambda second, since: no_fix(second),
    "no fix, though GSA says 3D": lambda second, since: [zda(second), rmc(second, "V", ",N"), gga(second, "0"), gsa()],
    "a burst every three seconds": lambda second, since: well(second) if since % 3 == 0 else [],
    "three years ahead for twelve seconds": lambda second, since: well(second + (THREE_YEARS if since < 12 else 0)),
    "the same, neither RMC nor GGA": lambda second, since: without_rmc(second + (THREE_YEARS if since < 12 else 0)),
    "the time of its clock, no fix": lambda second, since: [rmc(second, "V", ",N", NOWHERE), zda(second), gsa(1)],
}
# In `make check-receivers`.
MORE = {
    "RMC alone": lambda second, since: [rmc(second)],
    "RMC alone, without a mode": lambda second, since: [rmc(second, mode="")],
    "no date": lambda second, since: [gga(second), gsa(), *gsv()],
    "RMC without a date": lambda second, since: [rmc(second, date=False), gga(second), gsa(), *gsv()],
    "dead-reckoned": lambda second, since: [rmc(second, mode=",E"), gga(second, "6"), gsa(), *gsv()],
    "simulated": lambda second, since: [rmc(second, mode=",S"), gga(second, "8"), gsa(), *gsv()],
    "a fix of no satellites": lambda second, since: [rmc(second), gga(second, satellites=0), gsa()],
    "no checksums": lambda second, since: [re.sub(rb"\*..", b"", each) for each in well(second)],
    "5 ms after the pulse": lambda second, since: [-0.06, rmc(second)],
    "begins before its pulse": lambda second, since: [-0.04, rmc(second), gga(second)],
    "no fix until the middle": lambda second, since: well(second) if 2 * since > SECONDS else no_fix(second),
    "satellites and mode alone": lambda second, since: [gsa(), *gsv()],
    "noise": lambda second, since: [bytes(range(128, 250)) * 3],
    "its time stands still": lambda second, since: well(second - since),
}

# At the end: "served", "partly", "wrong", or the most frequent reason why not. Where versions of gpsd differ: {version: outcome}.
EXPECTED = {
    "well": "served",
    "satellites first, the time after the next pulse": "ambiguous",
    "NMEA before 2.3, without a mode": "served",
    "GGA with an empty quality": "served",
    "ZDA alone": {"3.22": "no-receiver", "3.25": "unknown-fix"},
    "RMC without a fix, GGA with quality 0": "no-fix",
    "no fix, though GSA says 3D": "no-toff",
    "a burst every three seconds": "message-rate",
    "three years ahead for twelve seconds": "served",
    "the same, neither RMC nor GGA": "stuck-time",
    "the time of its clock, no fix": "no-fix",
    "RMC alone": "served",
    "RMC alone, without a mode": "served",
    "no date": "no-date",
    "RMC without a date": "no-date",
    "dead-reckoned": "simulated-fix",
    "simulated": "simulated-fix",
    "a fix of no satellites": "served",
    "no checksums": {"3.22": "served", "3.25": "no-receiver"},
    "5 ms after the pulse": "early-messages",
    "begins before its pulse": "served",
    "no fix until the middle": "served",
    "satellites and mode alone": "no-date",
    "noise": "no-receiver",
    "its time stands still": "no-toff",
}


def bursts(shape, start):
    for since in range(SECONDS):
        begin, *sentences = shape(start + since, since) or [0]
        if isinstance(begin, bytes):
            begin, sentences = receivers.LATENCY, [begin, *sentences]
        yield start + since + begin, sentences


def outcome(decisions, end):
    last = [d for d in decisions if "stamp" in d and end - CALM <= (second := round(float(d["stamp"]))) < end and not receivers.at_month_end(second)]
    if any(abs(d["offset_ns"]) > receivers.MOST_WRONG for d in decisions if d["decision"] == "sample"):
        return "wrong"
    # On a busy machine one second has another reason than the others.
    results = collections.Counter(d.get("reason", "served") for d in last)
    if "served" in results and len(results) > 1:
        return "partly"
    return results.most_common(1)[0][0] if results else "no pulse"


class Few(unittest.TestCase):
    shapes = FEW

    def test_each_is_served_or_said_why_not(self):
        gpsd = receivers.Gpsd(os.environ.get("NTSBOX_GPSD"))
        played = {name: receivers.Receiver(gpsd) for name in self.shapes}
        try:
            for receiver in played.values():
                receiver.start()
            start = int(time.time()) + 2
            receivers.play([(played[name], receivers.spaced(bursts(shape, start), 9600), start + SECONDS) for name, shape in self.shapes.items()])
            for name, receiver in played.items():
                expected = EXPECTED[name]
                expected = expected.get(gpsd.version, "") if isinstance(expected, dict) else expected
                with self.subTest(name, gpsd=gpsd.version):
                    decisions = receiver.replay(receiver.events())
                    self.assertEqual(outcome(decisions, start + SECONDS), expected, receiver.last_status["summary"])
        finally:
            for receiver in played.values():
                receiver.close()


class More(Few):
    shapes = MORE


if __name__ == "__main__":
    receivers.enter_namespaces()
    os.nice(-10)  # it hardly computes, and the machine's other work would make sentences late
    sys.exit(unittest.main(verbosity=2))
