#!/usr/bin/env python3
"""How well is the clock kept, in the guest of tests/vm? A table of lateness models and of who reads the pulses.

A run that is in FILE already is not made again, so that a long table can be stopped and gone on with.
"""

import argparse
import collections
import concurrent.futures
import importlib.util
import json
import math
import pathlib
import statistics
import sys

import guest

MODELS = ("L0 none", "L1 Gaussian", "L2 idle", "L3 loaded", "L4 bursts", "L5 stepping", "L6 raised")
WANDERS = ("w0 none", "w1 slow", "w2 ramp")
AFTER = 120  # seconds that are looked at after an outage
BANDS = ("1", "2", "5", "10")  # µs
NMEA = "refclock SHM 0 refid NMEA offset 0.12 delay 0.1 noselect"
# By name: what stands in chrony.conf, and the daemon's mode. chrony's own driver has no best poll for all models.
READERS = {
    **{f"chrony poll {poll}": (f"{NMEA}\nrefclock PPS /dev/pps0 lock NMEA refid PPS precision 1e-6 poll {poll}", "raw")
       for poll in range(1, 6)},
    **{f"ntsboxd {mode}": (guest.SOCK_OF_A_LINE, mode) for mode in ("raw", "clip", "line", "auto")},
    "ntsboxd auto minsamples 16": (guest.SOCK_OF_A_LINE.replace("minsamples 12", "minsamples 16"), "auto"),
    **{f"ntsboxd auto poll {poll}": (f"{guest.SOCK} poll {poll} filter {2 ** poll}", "auto") for poll in (1, 2, 3)},
    **{f"ntsboxd auto poll {poll} last": (f"{guest.SOCK} poll {poll} filter 1", "auto") for poll in (0, 1)},
    **{f"gpsd poll {poll}": (f"{NMEA}\nrefclock SOCK /run/chrony.pps0.sock refid PPS precision 1e-6 poll {poll}", "raw")
       for poll in (2, 4)},
    **{f"ntsboxd {mode} provisioned": ("refclock SOCK /run/chrony.ntsbox.sock refid GPS poll 3 filter 16 precision 1e-7", mode)
       for mode in ("raw", "clip")},
    "ntsboxd raw poll 2": (f"{guest.SOCK} poll 2", "raw"),
}


def figures(errors):
    """About the mean, in µs: the mean is the interrupt's latency, which nobody inside knows."""
    mean = statistics.fmean(errors)
    off = sorted(abs(error - mean) for error in errors)
    return {"sd": math.sqrt(statistics.fmean(x * x for x in off)) / 1e3, "p99": off[len(off) * 99 // 100] / 1e3,
            "max": off[-1] / 1e3, "mean": mean / 1e3, "seconds": len(errors)}


def skew_before(files, second):
    """What chronyd said of its frequency's error, in ppm, when it updated the clock for the last time before."""
    begin = guest.truth(files)[0][0]
    return [float(line.split()[5]) for line in files["tracking.log"].splitlines() if " GPS " in line or " PPS " in line
            if guest.utc(line) < begin + second][-1]


def measure(model, wander, seed, reader, length, outage):
    refclock, mode = READERS[reader]
    lost, back = length - outage - AFTER, length - AFTER
    more = f"--silent {lost} {back}" if outage else ""
    files = guest.run("healthy.sh", limit=3600, LENGTH=length, MODEL=model, WANDER=wander, SEED=seed, LATENESS=mode,
                      REFCLOCK=refclock, GPSD_PPS="/dev/pps0" if reader.startswith("gpsd") else "", MORE=more)
    errors = guest.clock_errors(files)
    found = figures([error for second, error in errors.items() if second >= length // 5 and (not outage or second < lost)])
    found["selected"] = guest.selected_after(files)
    if outage:
        off = {second: abs(error / 1e3 - found["mean"]) for second, error in errors.items()}

        def back_within(limit):
            return max((second + 1 - back for second in range(back, length) if off[second] > limit), default=0)

        # In a band of its own, as wide as before the outage, and in bands that are the same for all readers.
        found.update(holdover=off[back - 1], skew_ppm=skew_before(files, lost), back=back_within(max(found["max"], 1)),
                     back_within={limit: back_within(float(limit)) for limit in BANDS})
    return found


def summary(runs):
    """Lines of a table: for each model and wander what the median of the seeds is, beside chrony's own refclock at its best poll."""
    by_place = collections.defaultdict(lambda: collections.defaultdict(list))
    for run in runs:
        by_place[run["model"], run["wander"]][run["reader"]].append(run)
    for place, by_reader in by_place.items():
        medians = {reader: {figure: statistics.median(run[figure] for run in found) for figure in ("sd", "p99", "max", "selected")}
                   for reader, found in by_reader.items()}
        best = {figure: min((found[figure] for reader, found in medians.items() if reader.startswith("chrony")), default=math.nan)
                for figure in ("sd", "p99")}
        for reader, found in medians.items():
            yield ("{:12} {:8} {:24} {:2} seeds: sd {sd:7.3f} p99 {p99:7.3f} max {max:8.3f} µs, selected after {selected:4.0f} s; "
                   "to chrony's best: sd {:5.2f} p99 {:5.2f}").format(*place, reader, len(by_reader[reader]), found["sd"] / best["sd"],
                                                                      found["p99"] / best["p99"], **found)


def draw(runs, path):
    """A bar for each reader and model and wander: the median over the seeds of the standard deviation."""
    from matplotlib import pyplot
    readers = list(dict.fromkeys(run["reader"] for run in runs))
    places = list(dict.fromkeys((run["model"], run["wander"]) for run in runs))
    width = 0.8 / len(readers)
    figure, axes = pyplot.subplots(figsize=(9, 4.5), layout="constrained")
    for number, reader in enumerate(readers):
        found = [[run["sd"] for run in runs if (run["model"], run["wander"], run["reader"]) == (*place, reader)] for place in places]
        bars = [(at + number * width, statistics.median(sds)) for at, sds in enumerate(found) if sds]
        axes.bar(*zip(*bars), width, align="edge", label=reader)
    axes.set_xticks([at + 0.4 for at in range(len(places))], [f"{model}\n{wander}" for model, wander in places])
    axes.set_yscale("log")
    axes.set_ylabel("standard deviation of the clock's error, µs")
    axes.legend(fontsize="small")
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="0123456", help="digits of 0 to 6 (%(default)s)")
    parser.add_argument("--wanders", default="1", help="digits of 0 to 2 (%(default)s)")
    parser.add_argument("--first-seed", type=int, default=101, help="(%(default)s)")
    parser.add_argument("--seeds", type=int, default=1, help="how many (%(default)s)")
    parser.add_argument("--readers", default=",".join(READERS), help="names of them, with commas (all)")
    parser.add_argument("--seconds", type=int, default=2000, help="of a run; the first fifth is left out (%(default)s)")
    parser.add_argument("--outage", type=int, default=0, help=f"seconds without fix and pulse, {AFTER} before the end (none)")
    parser.add_argument("--jobs", type=int, default=1, help="guests at a time (%(default)s)")
    parser.add_argument("--plot", type=pathlib.Path, help="SVG of all that is in FILE")
    parser.add_argument("--file", type=pathlib.Path, default=guest.BUILD.parent / "accuracy.json")
    options = parser.parse_args()
    if options.plot and not importlib.util.find_spec("matplotlib"):
        parser.error("--plot needs matplotlib: apt install python3-matplotlib")
    done = json.loads(options.file.read_text()) if options.file.exists() else []
    cells = [{"model": MODELS[model], "wander": WANDERS[wander], "seed": seed, "reader": reader, "length": options.seconds,
              "outage": options.outage}
             for seed in range(options.first_seed, options.first_seed + options.seeds) for wander in map(int, options.wanders)
             for model in map(int, options.models) for reader in options.readers.split(",")]

    def found(cell):
        known = next((run for run in done if cell.items() <= run.items()), None)
        return known or {**cell, **measure(MODELS.index(cell["model"]), WANDERS.index(cell["wander"]), cell["seed"], cell["reader"],
                                           cell["length"], cell["outage"])}

    runs = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for run in pool.map(found, cells):
            runs.append(run)
            if run not in done:
                done.append(run)
                options.file.write_text(json.dumps(done, indent=1) + "\n")
                print(f"{len(runs)} of {len(cells)}", file=sys.stderr)
            held = "; in holdover {holdover:7.3f} µs off, skew {skew_ppm:.3f} ppm, back in {back} s, in bands of µs {back_within}" if options.outage else ""
            print(("{model:12} {wander:8} seed {seed} {reader:24} sd {sd:7.3f} p99 {p99:7.3f} max {max:8.3f} mean {mean:+8.3f} µs, "
                   "selected after {selected:2.0f} s" + held).format(**run), flush=True)
    print(*summary(runs), sep="\n")
    if options.plot:
        draw(done, options.plot)


if __name__ == "__main__":
    main()
