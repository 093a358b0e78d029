#!/usr/bin/env python3
"""Made-up receivers through a real gpsd: which are served, and what the status says of the others."""

import os
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


def rmc(second, status="A", mode=",A"):
    clock, date = moment(second)
    place = "4807.038,N,01131.000,E,0.02,31.66" if status == "A" else ",,,,,"
    return sentence(f"GPRMC,{clock},{status},{place},{date},,{mode}")


def gga(second, quality="1"):
    place = "4807.038,N,01131.000,E" if quality != "0" else ",,,"
    return sentence(f"GPGGA,{moment(second)[0]},{place},{quality},08,0.9,545.4,M,46.9,M,,")


def zda(second):
    return sentence(f"GPZDA,{time.strftime('%H%M%S.00,%d,%m,%Y', time.gmtime(second))},00,00")


def gsa(mode=3):
    return sentence(f"GPGSA,A,{mode},04,05,09,12,24,25,29,31,,,,,1.8,0.9,1.5" if mode == 3 else "GPGSA,A,1,,,,,,,,,,,,,,,")


def gsv():
    satellites = [f"{number:02},40,{10 * number:03},4{number % 10}" for number in (4, 5, 9, 12, 24, 25, 29, 31)]
    return [sentence(f"GPGSV,2,{n + 1},08," + ",".join(satellites[4 * n:4 * n + 4])) for n in range(2)]


def well(second):
    return [rmc(second), gga(second), gsa(), *gsv()]


# What each sends for a second; it begins receivers.LATENCY after its pulse, unless the first is a number.

def satellites_first(second):
    """At 9600 baud the time comes 0.2 s after the next pulse."""
    return [0.65, *gsv() * 3, gsa(), rmc(second), gga(second)]


def future_at_first(second, since):
    return well(second + 3 * 365 * 86400) if since < 12 else well(second)


SHAPES = {
    "well": lambda second, since: well(second),
    "satellites first, the time after the next pulse": lambda second, since: satellites_first(second),
    "NMEA before 2.3, without a mode": lambda second, since: [rmc(second, mode=""), gga(second), gsa(), *gsv()],
    "GGA with an empty quality": lambda second, since: [gga(second, ""), rmc(second, mode=""), zda(second), gsa()],
    "ZDA alone": lambda second, since: [zda(second)],
    "RMC without a fix, GGA with quality 0": lambda second, since: [rmc(second, "V", ",N"), gga(second, "0"), gsa(1), *gsv()],
    "a burst every three seconds": lambda second, since: well(second) if since % 3 == 0 else [],
    "three years ahead for twelve seconds": future_at_first,
    "the time of its clock, no fix": lambda second, since: [rmc(second, "V", ",N"), zda(second), gsa(1)],
}

# At the end: "served", "partly", "wrong", or the reason why not. Where versions of gpsd differ: {version: outcome}.
EXPECTED = {
    "well": "served",
    "ZDA alone": {"3.22": "no-receiver", "3.25": "no-fix"},
    "RMC without a fix, GGA with quality 0": "no-fix",
    "the time of its clock, no fix": "no-fix",
}
# What these do today, and is to change: the first is to be silent or right, the next two served, the others to have a reason of their own.
TODAY = {
    "satellites first, the time after the next pulse": "wrong",
    "NMEA before 2.3, without a mode": {"3.22": "served", "3.25": "no-second"},
    "GGA with an empty quality": "no-second",
    "a burst every three seconds": "partly",
    "three years ahead for twelve seconds": "no-second",
}


def bursts(shape, start):
    for since in range(SECONDS):
        begin, *sentences = shape(start + since, since) or [0]
        if isinstance(begin, bytes):
            begin, sentences = receivers.LATENCY, [begin, *sentences]
        yield start + since + begin, sentences


def outcome(receiver, decisions, end):
    last = [d for d in decisions if "stamp" in d and end - CALM <= round(float(d["stamp"])) < end]
    if any(abs(d["offset_ns"]) > receivers.MOST_WRONG for d in decisions if d["decision"] == "sample"):
        return "wrong"
    if last and all(d["decision"] == "sample" for d in last):
        return "served"
    return receiver.last_status["reason"] or "partly"


class MadeUp(unittest.TestCase):
    def test_each_is_served_or_said_why_not(self):
        gpsd = receivers.Gpsd(os.environ.get("NTSBOX_GPSD"))
        start = int(time.time()) + 5
        played = {name: receivers.Receiver(gpsd, receivers.spaced(bursts(shape, start), 9600), start + SECONDS) for name, shape in SHAPES.items()}
        try:
            for receiver in played.values():
                receiver.start()
            receivers.play(list(played.values()))
            for name, receiver in played.items():
                expected = {**EXPECTED, **TODAY}[name]
                expected = expected.get(gpsd.version, "") if isinstance(expected, dict) else expected
                with self.subTest(name, gpsd=gpsd.version):
                    decisions = receiver.replay(receiver.events())
                    self.assertEqual(outcome(receiver, decisions, start + SECONDS), expected, receiver.last_status["summary"])
        finally:
            for receiver in played.values():
                receiver.close()


if __name__ == "__main__":
    receivers.enter_namespaces()
    os.nice(-10)  # it hardly computes, and the machine's other work would make sentences late
    sys.exit(unittest.main(verbosity=2))
