"""An event log (docs/event-log.md) of a healthy box: a second has a pulse, a tick, a TOFF and a TPV, each fifth a SKY."""

import json
import time

START = 1795341600  # 2026-11-22T10:00:00Z: no month ends within any log that is made here
DEVICE = "/dev/ttyAMA0"
SECONDS_A_CYCLE = 5
EVENTS_A_CYCLE = 4 * SECONDS_A_CYCLE + 1

# As gpsd 3.22 sends them.
SKY = json.dumps({
    "class": "SKY", "device": DEVICE, "xdop": 0.56, "ydop": 0.71, "vdop": 1.04, "tdop": 0.62, "hdop": 0.91, "gdop": 1.64,
    "pdop": 1.38, "nSat": 20, "uSat": 12, "satellites": [
        {"PRN": number, "el": 4.0 * number, "az": 17.0 * number, "ss": 20.0 + number, "used": number <= 12, "gnssid": 0,
         "svid": number} for number in range(1, 21)]}, separators=(",", ":"))


def tpv(second):
    date = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(second))
    return (f'{{"class":"TPV","device":"{DEVICE}","mode":3,"time":"{date}","leapseconds":18,"ept":0.005,"lat":46.947974167,'
            '"lon":7.447446833,"altHAE":595.2000,"altMSL":545.2000,"alt":545.2000,"epx":8.401,"epy":10.606,"epv":23.920,'
            '"track":0.0000,"magtrack":2.8000,"magvar":2.8,"speed":0.000,"climb":0.000,"eps":21.21,"epc":47.84,'
            '"geoidSep":50.000,"eph":17.290,"sep":26.220}')


def toff(second):
    return (f'{{"class":"TOFF","device":"{DEVICE}","real_sec":{second}, "real_nsec":0,"clock_sec":{second},'
            '"clock_nsec":151066214,"precision":-20,"shm":"NTP0"}')


def clocks(second, fraction):
    return f'"system":"{second}.{fraction:09d}","monotonic":"{second - START + 100}.{fraction:09d}"'


def gpsd(second, fraction, line):
    return f'{{"event":"gpsd",{clocks(second, fraction)},"line":{json.dumps(line)}}}\n'


def one_second(second):
    sequence = second - START
    text = (f'{{"event":"pulse",{clocks(second, 80_000)},"stamp":"{second}.000001234","sequence":{sequence}}}\n'
            + gpsd(second, 152_000_000, toff(second)) + gpsd(second, 201_000_000, tpv(second)))
    if sequence % SECONDS_A_CYCLE == 0:
        text += gpsd(second, 203_000_000, SKY)
    return text + f'{{"event":"tick",{clocks(second, 500_000_000)},"synchronised":true,"maxerror":"0.001200000"}}\n'


def start():
    return f'{{"event":"start","version":1,{clocks(START, 0)},"floor":"2026-11-01T00:00:00Z","witness":true}}\n'


def write(path, events):
    """About so many; how many events there are, and how many of them are pulses."""
    cycles = max(1, events // EVENTS_A_CYCLE)
    seconds = cycles * SECONDS_A_CYCLE
    with open(path, "w", encoding="ascii") as log:
        log.write(start())
        log.writelines(one_second(START + i) for i in range(seconds))
    return cycles * EVENTS_A_CYCLE + 1, seconds
