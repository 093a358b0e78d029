#!/usr/bin/env python3
"""What ntsboxd costs and how late it is, beside its peers in the same run on the same machine.

  start    from the program's start until it says READY=1, and from SIGTERM to its end: what a restart costs
  replay   events a second of a recorded healthy day
  lateness CPU time of the judge of lateness for a pulse
  cost     CPU time and memory at 1 Hz and 10 Hz, beside `gpspipe -w -P` and a minimal C++ client of libgps, all three
           on the same gpsd
  latency  from a pulse's edge to the datagram in chronyd's queue, beside a C program that only forwards (bare_sender),
           on the same pulses; on an idle machine and with every core busy

ntsbox-sim stands in for the receiver and sock_meter for chronyd; gpsd is the real one. Absolute figures are this
machine's; the ratios are what to look at. Exit status: 0 measured (also when a target is missed), 1 could not, 77 needs
root, 130 interrupted.

Examples:
  make bench
  make bench BENCH=--quick
  make bench-latency
  make bench BENCH=--json > figures.json
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import socket
import statistics
import subprocess
import sys
import time

import healthy_log

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, Process, Rig, daemon_program, enter_namespaces  # noqa: E402

PEERS = BUILD / "tests/bench"
LOCKED = "LOCKED: every pulse has its second"
FIRST_PORT = 2947
FULL = {"events": 250_000, "replays": 5, "judged": 200_000, "window": 10, "windows": 6, "chains": 10, "pulses": 120, "starts": 20}
# To see that everything works, not to quote.
QUICK = {"events": 25_000, "replays": 3, "judged": 2_000, "window": 2, "windows": 2, "chains": 2, "pulses": 4, "starts": 3}


def tell(text):
    print(text, file=sys.stderr, flush=True)


# Start.

def measure_start(rig, size):
    """Without gpsd, pulses or chronyd: no start waits for them. In ms, the medians and the longest."""
    took = {"ready": [], "end": []}
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notify:
        notify.bind(str(rig.path("notify.sock")))
        notify.settimeout(20)
        for _ in range(size["starts"]):
            begin = time.monotonic()
            daemon = rig.ntsboxd(env={"NOTIFY_SOCKET": str(rig.path("notify.sock"))})
            while "READY=1" not in notify.recv(4096).decode().splitlines():
                pass
            took["ready"].append(1000 * (time.monotonic() - begin))
            begin = time.monotonic()
            if daemon.stop() != 0:
                raise RuntimeError(f"ntsboxd did not stop as asked: {daemon.lines()[-1:]}")
            took["end"].append(1000 * (time.monotonic() - begin))
    return {f"{what}_{name}_ms": of(times) for what, times in took.items() for name, of in (("median", statistics.median), ("max", max))}


# Replay.

def measure_replay(folder, size):
    log, decisions = folder / "healthy.jsonl", folder / "decisions.jsonl"
    events, pulses = healthy_log.write(log, size["events"])
    took = []
    for _ in range(size["replays"]):
        with open(decisions, "wb") as out:
            begin = time.monotonic()
            subprocess.run([BUILD / "bin/ntsboxd", "--replay", log], stdout=out, check=True)
            took.append(time.monotonic() - begin)
    summary = json.loads(decisions.read_text().splitlines()[-1])
    if summary["pulses"] != pulses or summary["samples"] < 0.99 * pulses:
        raise RuntimeError(f"the log that was meant to be healthy is not: {summary}")
    seconds = statistics.median(took)
    return {"events": events, "bytes": log.stat().st_size, "seconds": seconds, "events_per_second": events / seconds}


def measure_lateness(size):
    """The least of some runs: what another program on the machine took is none of it."""
    runs = [subprocess.run([PEERS / "lateness_cost", str(size["judged"])], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
            for _ in range(size["replays"])]
    return {"us_a_pulse": min(float(nanoseconds) for nanoseconds, _ in runs) / 1e3, "pulses": int(runs[0][1])}


# Chains: a simulator, a gpsd, the daemon and its peers.

class Chain:
    """Its edges come `phase` s after the full second. In every other one the simulator serves the daemon first, in the
    rest the bare sender."""

    def __init__(self, number, rate=1, phase=0.0):
        self.rate = rate
        self.phase = phase
        self.port = FIRST_PORT + number
        self.daemon_first = number % 2 == 1
        self.rig = Rig(f"bench{number}")
        self.sinks = {"ntsboxd": str(self.rig.path("chrony.sock")), "bare_sender": str(self.rig.path("bare.sock"))}
        self.peers = {}

    def start(self):
        self.rig.sim("--rate", self.rate, "--offset", f"{self.phase:.3f}")
        self.rig.gpsd(self.port)
        self.meter = Process(self.rig, "meter", [PEERS / "sock_meter", *self.sinks.values()])
        self.meter.wait_for("listening")
        if self.daemon_first:
            self.start_daemon()
            self.start_bare_sender()
        else:
            self.start_bare_sender()
            self.start_daemon()

    def start_daemon(self):
        # A synchronised clock would object to edges that are off its seconds.
        self.daemon = self.rig.ntsboxd(gpsd_port=self.port, integrity_witness=False)
        self.daemon.wait_for("pulses.sock: open")

    def start_bare_sender(self):
        sender = Process(self.rig, "bare_sender", [PEERS / "bare_sender", self.rig.path("pulses.sock"), self.sinks["bare_sender"]])
        sender.wait_for("connected")

    def start_clients(self):
        """Of the same gpsd. What gpspipe prints goes nowhere, which is to its advantage."""
        where = f"127.0.0.1:{self.port}"
        self.peers["gpspipe"] = Process(
            self.rig, "gpspipe", [daemon_program("gpspipe"), "-w", "-P", "-o", "/dev/null", where], foreign=True)
        self.peers["libgps_client"] = Process(self.rig, "libgps_client", [PEERS / "libgps_client", self.port])

    def stop_clients(self):
        for peer in self.peers.values():
            peer.stop()
            self.rig.processes.remove(peer)

    def wait_until_locked(self):
        self.daemon.wait_for(LOCKED, 90)

    def programs(self):
        return {"ntsboxd": self.daemon, **self.peers}

    def check(self):
        for process in self.rig.processes:
            if not process.running():
                raise RuntimeError(f"{process.log.stem} ended by itself: {process.lines()[-1:]}")


# Cost.

def spent(pid):
    """CPU time in ns and voluntary waits of all threads so far (proc(5))."""
    ns = waits = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        ns += int((task / "schedstat").read_text().split()[0])
        status = (task / "status").read_text()
        waits += int(status[status.index("voluntary_ctxt_switches:"):].split()[1])
    return ns, waits


def memory(pid):
    """In kB: resident, its share of what is shared, and what is the process's alone."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kb = {line.split(":")[0]: int(line.split()[1]) for line in rollup}
    return {"rss_kb": kb["Rss"], "pss_kb": kb["Pss"], "private_kb": kb["Private_Clean"] + kb["Private_Dirty"]}


def measure_cost(chains, size):
    """By rate and program. Medians over the windows, so that a hiccup of the machine is none of theirs."""
    programs = [(chain.rate, name, process) for chain in chains for name, process in chain.programs().items()]
    before = [spent(process.pid) for _, _, process in programs]
    windows = [[] for _ in programs]
    for number in range(size["windows"]):
        tell(f"cost: window {number + 1} of {size['windows']}, {size['window']} s each")
        begin = time.monotonic()
        time.sleep(size["window"])
        after = [spent(process.pid) for _, _, process in programs]
        took = time.monotonic() - begin
        for window, (ns, waits), (ns_before, waits_before) in zip(windows, after, before):
            window.append(((ns - ns_before) / 1e6 / took, (waits - waits_before) / took))
        before = after
    cost = {str(chain.rate): {} for chain in chains}
    for (rate, name, process), window in zip(programs, windows):
        cpu, waits = (statistics.median(figures) for figures in zip(*window))
        cost[str(rate)][name] = {"cpu_ms_per_s": cpu, "wakeups_per_s": waits, **memory(process.pid)}
    return cost


# Latency.

def percentile(values, share):
    """The least value that is no less than `share` of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def distribution(latencies):
    return {"count": len(latencies), "median_us": statistics.median(latencies) / 1000,
            "p99_us": percentile(latencies, 0.99) / 1000, "p999_us": percentile(latencies, 0.999) / 1000}


def measure_latency(chains, seconds, what):
    """Of the datagrams after each edge; and how much later than the bare sender's the daemon's came, edge by edge."""
    before = [len(chain.meter.lines()) for chain in chains]
    for left in range(seconds, 0, -10):
        tell(f"latency, {what}: {left} s left")
        time.sleep(min(10, left))
    latencies = {"ntsboxd": [], "bare_sender": [], "difference": []}
    for chain, known in zip(chains, before):
        by_edge = {name: {} for name in chain.sinks}
        names = {path: name for name, path in chain.sinks.items()}
        for line in chain.meter.lines()[known:]:
            path, edge, latency = line.split()
            by_edge[names[path]][edge] = int(latency)
        for edge, latency in by_edge["ntsboxd"].items():
            if edge in by_edge["bare_sender"]:
                bare = by_edge["bare_sender"][edge]
                latencies["ntsboxd"].append(latency)
                latencies["bare_sender"].append(bare)
                latencies["difference"].append(latency - bare)
    if not latencies["ntsboxd"]:
        raise RuntimeError(f"no datagram of ntsboxd came while the machine was {what}")
    return {name: distribution(values) for name, values in latencies.items()}


@contextlib.contextmanager
def busy_cores():
    with contextlib.closing(Rig("bench-busy")) as rig:
        for number in range(os.cpu_count()):
            Process(rig, f"hog{number}", ["sh", "-c", "while :; do :; done"])
        yield


# All of it.

def targets(figures):
    """The targets of this project: [what, figure, bound, whether the bound is the least or the most]."""
    found = []
    if "cost" in figures:
        one = figures["cost"]["1"]
        ours = one["ntsboxd"]
        found += [
            ("start to READY, ms", figures["start"]["ready_median_ms"], 200, "most"),
            ("judge of lateness, us a pulse", figures["lateness"]["us_a_pulse"], 20, "most"),
            ("replay, events/s", figures["replay"]["events_per_second"], 100_000, "least"),
            ("CPU at 1 Hz / gpspipe's", ours["cpu_ms_per_s"] / one["gpspipe"]["cpu_ms_per_s"], 0.8, "most"),
            ("resident at 1 Hz / libgps client's", ours["rss_kb"] / one["libgps_client"]["rss_kb"], 1.4, "most")]
    for what, latency in figures["latency"].items():
        ratio = latency["ntsboxd"]["p99_us"] / latency["bare_sender"]["p99_us"]
        found.append((f"latency p99, {what} / bare sender's", ratio, 1.5, "most"))
    return [{"what": what, "figure": figure, "bound": bound, "bound_is": side,
             "met": figure >= bound if side == "least" else figure <= bound} for what, figure, bound, side in found]


def measure_alone(size):
    """What needs no other program."""
    tell(f"start: {size['starts']} times")
    with contextlib.closing(Rig("bench-start")) as rig:
        start_figures = measure_start(rig, size)
    tell(f"replay: a log of {size['events']} events, {size['replays']} times")
    with contextlib.closing(Rig("bench-replay")) as rig:
        replay = measure_replay(rig.folder, size)
    tell(f"lateness: {size['judged']} pulses, {size['replays']} times")
    return {"start": start_figures, "replay": replay, "lateness": measure_lateness(size)}


def measure_beside_clients(chains, size):
    for chain in chains:
        chain.start_clients()
    time.sleep(1)  # what a client does first is not what it costs
    cost = measure_cost(chains, size)
    for chain in chains:
        chain.stop_clients()
    return {"cost": cost}


def measure(size, stack, only_latency):
    def start(chain):
        stack.callback(chain.rig.close)
        chain.start()
        return chain

    figures = {} if only_latency else measure_alone(size)
    tell("starting gpsd and ntsboxd at 1 Hz and at 10 Hz: until both are locked, some 20 s")
    chains = [start(Chain(0)), start(Chain(1, rate=10, phase=0.5))]
    for chain in chains:
        chain.wait_until_locked()
    if not only_latency:
        figures |= measure_beside_clients(chains, size)
    more = range(2, size["chains"])
    if more:
        tell(f"starting {len(more)} more, so that the pulses are many")
        chains += [start(Chain(number, phase=number / size["chains"])) for number in more]
        for chain in chains:
            chain.wait_until_locked()
    latency = {"idle": measure_latency(chains, size["pulses"], "idle")}
    with busy_cores():
        latency["busy"] = measure_latency(chains, size["pulses"], "busy")
    for chain in chains:
        chain.check()
    return figures | {"latency": latency}


def machine():
    return {"cores": os.cpu_count(), "architecture": platform.machine(), "kernel": platform.release(),
            "load": os.getloadavg()[0]}


def show_costs(figures):
    start = figures["start"]
    print(f"\nstart to READY: {start['ready_median_ms']:.1f} ms (longest {start['ready_max_ms']:.1f}); "
          f"SIGTERM to end: {start['end_median_ms']:.1f} ms (longest {start['end_max_ms']:.1f})")
    replay = figures["replay"]
    print(f"\nreplay: {replay['events_per_second']:,.0f} events/s ({replay['events']} events in {replay['seconds']:.2f} s)")
    lateness = figures["lateness"]
    print(f"\njudge of lateness: {lateness['us_a_pulse']:.1f} us a pulse ({lateness['pulses']} pulses)")
    for rate, programs in figures["cost"].items():
        print(f"\ncost at {rate + ' Hz':20} CPU ms/s  wakeups/s   RSS kB   PSS kB  private kB")
        for name, cost in programs.items():
            print(f"  {name:26} {cost['cpu_ms_per_s']:8.3f} {cost['wakeups_per_s']:10.1f} {cost['rss_kb']:8} "
                  f"{cost['pss_kb']:8} {cost['private_kb']:11}")


def show(figures):
    box = figures["machine"]
    print(f"{box['cores']} cores ({box['architecture']}), Linux {box['kernel']}, load {box['load']:.1f} at the start")
    if "cost" in figures:
        show_costs(figures)
    for what, programs in figures["latency"].items():
        print(f"\nlatency, {what + ', us':19} median      p99    p99.9   pulses")
        for name, latency in programs.items():
            print(f"  {name:24} {latency['median_us']:8.1f} {latency['p99_us']:8.1f} {latency['p999_us']:8.1f} {latency['count']:8}")
    print()
    for target in figures["targets"]:
        bound = f"at {target['bound_is']} {target['bound']:,}"
        print(f"  {target['what']:38} {target['figure']:12,.2f}  {bound:18} {'met' if target['met'] else 'MISSED'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="figures for machines")
    parser.add_argument("--quick", action="store_true", help="half a minute, to see that it works; nothing to quote")
    parser.add_argument("--only-latency", action="store_true", help="from edge to datagram, and nothing else")
    arguments = parser.parse_args()
    enter_namespaces()
    figures = {"machine": machine()}
    try:
        with contextlib.ExitStack() as stack:
            figures |= measure(QUICK if arguments.quick else FULL, stack, arguments.only_latency)
    except KeyboardInterrupt:
        print("interrupted: everything is stopped and removed", file=sys.stderr)
        return 130
    except (RuntimeError, TimeoutError, FileNotFoundError, subprocess.CalledProcessError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    figures["targets"] = targets(figures)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
