"""What chronyd and ntsboxd would have left of some days: logs and history, with known sums."""

import collections
import datetime
import json
import math
import random

BEGIN = 1795305600  # 2026-11-22T00:00:00Z
BANNER = "=" * 130 + "\n   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co\n" + "=" * 130 + "\n"


def stamp(second, digits=0):
    when = datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
    return when.strftime("%Y-%m-%d %H:%M:%S") + (f".{round(second % 1 * 10 ** digits):0{digits}}" if digits else "")


def day_of(second):
    return stamp(second)[:10]


class MadeUpBox:
    """`gaps`: (first minute, last minute) in which the machine was off."""

    def __init__(self, folder, minutes=1440, gaps=((300, 330), (900, 905)), outage=(600, 640)):
        self.random = random.Random(7)
        self.begin, self.end = BEGIN, BEGIN + 60 * minutes
        self.history, self.served, self.chrony = folder / "history", folder / "served", folder / "chrony"
        for place in (self.history, self.served, self.chrony):
            place.mkdir()
        self.totals = collections.Counter()
        self.refused = collections.Counter()
        self.minutes, self.collected, self.updates, self.clients = [], [], [], [0, 0, 0]
        for minute in range(minutes):
            if not any(first <= minute < last for first, last in gaps):
                self.live(minute, outage[0] <= minute < outage[1])
        self.write_history()
        self.write_tracking()
        self.write_statistics()

    def temperature(self, minute):
        return 48 + 6 * math.sin(2 * math.pi * minute / 1440) + self.random.gauss(0, 0.3)

    def live(self, minute, out):
        end = self.begin + 60 * (minute + 1)
        degrees = self.temperature(minute)
        record = {"t": end, "span": 60, "state": "HOLD" if out else "LOCKED", "fix": 1 if out else 3,
                  "used": 2 if out else 8 + round(2 * math.sin(minute / 90)), "pulses": 60, "samples": 0 if out else 60, "missed": 0}
        if out:
            record["refused"] = {"no-fix": 60}
        elif minute % 97 == 0:
            record["refused"], record["samples"] = {"late": 2, "off-beat": 1}, 57
        if not out:
            middle = round(self.random.gauss(40, 250))
            wide = abs(round(self.random.gauss(0, 900))) + 800
            record |= {"offset": [middle - wide, middle, middle + wide], "jitter": [310, 890, 310 + wide], "whole": [end - end % 60 - 60, middle],
                       "wander": [[58, 58 * 4e5], [56, 56 * 4e5], [52, 52 * 5e5], [44, 44 * 6e5], [28, 28 * 9e5]]}
        record["temperature"] = round(degrees, 1)
        self.clients = [3 + minute // 400, self.clients[1] + 12, self.clients[2] + 9]
        self.collected.append({"t": end, "served": [*self.clients, minute // 60]})
        if minute % 10 == 0:
            record["sky"] = self.sky(minute)
        self.minutes.append(record)
        self.totals.update({key: record[key] for key in ("span", "pulses", "samples", "missed")})
        self.refused.update(record.get("refused", {}))
        for second in range(0, 60, 16):
            self.updates.append((end - 60 + second, -3.5 + 0.04 * (degrees - 48), self.random.gauss(0, 2e-7)))

    def sky(self, minute):
        out = []
        for number in range(1, 13):
            turn = minute / 720 * 2 * math.pi + number * 0.5236
            elevation = round(45 + 40 * math.sin(turn + number))
            azimuth = round(math.degrees(turn * 0.7 + number * 1.7)) % 360
            signal = 0 if 100 < azimuth < 150 and elevation < 30 else round(20 + elevation / 3 + self.random.gauss(0, 2))
            out.append([0 if number < 8 else 2, number, azimuth, elevation, signal, 1 if signal > 25 else 0])
        return out

    def write_history(self):
        for folder, records in ((self.history, self.minutes), (self.served, self.collected)):
            for record in records:
                with open(folder / f"{day_of(record['t'])}.jsonl", "a") as file:
                    file.write(json.dumps(record, separators=(",", ":")) + "\n")

    def write_tracking(self):
        with open(self.chrony / "tracking.log", "w") as log:
            log.write(BANNER)
            for time, frequency, error in self.updates:
                log.write(f"{stamp(time)} GPS              1 {frequency:10.3f} {0.012:10.3f} {error:10.3e} N  1 {1e-7:10.3e} {2e-9:10.3e} "
                          f"{2.5e-5:10.3e} {1e-6:10.3e} {2e-5:10.3e}\n")

    def write_statistics(self):
        with open(self.chrony / "statistics.log", "w") as log:
            log.write(BANNER)
            for time, _, error in self.updates[::8]:
                log.write(f"{stamp(time)} GPS             {2e-7:10.3e} {error:10.3e} {1e-7:10.3e} {1e-9:10.3e} {1e-9:10.3e} 7.8e-02  16   0   8  0.00\n")
            for source, bias in (("192.0.2.1", 4e-4), ("2001:db8::7b", -9e-4)):
                for time, _, _ in self.updates[::40]:
                    error = bias + self.random.gauss(0, 1.2e-4)
                    log.write(f"{stamp(time)} {source:15} {1e-4:10.3e} {error:10.3e} {1e-4:10.3e} {1e-9:10.3e} {1e-9:10.3e} 7.8e-02  16   0   8  0.00\n")

    def write_refclocks(self, count=600):
        """One sample a second, at the end."""
        offsets = [self.random.gauss(0, 4e-7) for _ in range(count)]
        with open(self.chrony / "refclocks.log", "w") as log:
            log.write(BANNER)
            for place, offset in enumerate(offsets):
                second = self.end - count + place
                log.write(f"{stamp(second, 6)} GPS    {place % 8} N 0 {offset:13.6e} {offset:13.6e} {1e-7:10.3e}\n")
                if place % 8 == 7:
                    log.write(f"{stamp(second, 6)} GPS    - N -       -       {offset:13.6e} {1e-7:10.3e}\n")
        return offsets
