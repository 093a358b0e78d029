"""The bench that the demo, the smoke tests and the benchmarks share: real daemons in namespaces of their own.

Everything runs on loopback, with chronyd -x: this machine's clock and services are not touched. Processes are ended
by their pid, also when the rig itself dies.
"""

import calendar
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("NTSBOX_BUILD", ROOT / "build/dev")).absolute()
DAEMONS = pathlib.Path(os.environ.get("NTSBOX_DAEMONS", ROOT / "build/daemons")).absolute() / "root"
MARK = "NTSBOX_RIG"
NEEDS_ROOT = 77


def enter_namespaces(mounts=False):
    """Runs the calling script again as root, in network and IPC namespaces of its own, unless it is there already.

    `mounts`: in a mount namespace of its own as well."""
    if os.environ.get(MARK):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interrupted)
        return
    if os.geteuid() != 0:
        become_root()
    os.environ[MARK] = "1"
    with pseudo_terminals():
        child = subprocess.Popen(["unshare", "--net", "--ipc", *(own_mounts() if mounts else []), sys.executable, "-B", *sys.argv])
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda n, _: child.send_signal(n))
        status = child.wait()
    sys.exit(status if status >= 0 else 128 - status)


def own_mounts():
    """How unshare(1) is told. Below a chroot that is no mount point it can make nothing private, and fails if it is to."""
    private = subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode == 0
    return ["--mount"] if private else ["--mount", "--propagation", "unchanged"]


def become_root():
    if not shutil.which("sudo"):
        print("network namespaces need root: run this as root, or install sudo", file=sys.stderr)
        sys.exit(NEEDS_ROOT)
    kept = [f"{name}={os.environ[name]}" for name in ("NTSBOX_BUILD", "NTSBOX_DAEMONS") if name in os.environ]
    os.execvp("sudo", ["sudo", *kept, sys.executable, "-B", *sys.argv])


def interrupted(number, _):
    """Once: whoever cleans up must not be interrupted in that."""
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


class pseudo_terminals:
    """A bare chroot may lack /proc and /dev/pts: they are mounted for as long as the rig runs."""

    def __enter__(self):
        self.mounted = []
        for kind, place, probe in (("proc", "/proc", "/proc/self"), ("devpts", "/dev/pts", "/dev/pts/ptmx")):
            if os.path.exists(probe):
                continue
            os.makedirs(place, exist_ok=True)
            options = ["-o", "ptmxmode=0666"] if kind == "devpts" else []
            subprocess.run(["mount", "-t", kind, *options, kind, place], check=True)
            self.mounted.append(place)
        return self

    def __exit__(self, *_):
        for place in reversed(self.mounted):
            subprocess.run(["umount", place], check=False)


def overlay(folder, lower, place=None):
    """A writable copy of what is below `lower`, at `place` or else in `folder`, where its changes are kept in memory: its path."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    for part in ("upper", "work", "root"):
        (folder / part).mkdir(mode=0o755)
    place = place or folder / "root"
    layers = f"lowerdir={lower},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, place], check=True)
    return place


def private_hosts(folder, text):
    """An /etc of this mount namespace's own (`enter_namespaces(mounts=True)`), whose hosts file says `text`."""
    overlay(folder, "/etc", "/etc")
    pathlib.Path("/etc/hosts").write_text(text)


def die_with_parent():
    """In the child, before exec: SIGKILL when the rig dies (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def library_path():
    folders = sorted({str(p.parent) for p in DAEMONS.glob("usr/lib/*/lib*.so*")} | {str(p.parent) for p in DAEMONS.glob("lib/*/lib*.so*")})
    return ":".join(folders)


def daemon_program(name):
    for folder in ("usr/sbin", "usr/bin"):
        if (DAEMONS / folder / name).exists():
            return str(DAEMONS / folder / name)
    raise FileNotFoundError(f"{name} is not under {DAEMONS}: run make daemons")


def wait_until(condition, seconds, what):
    """Polls; the deadline is generous, since it only decides between a pass and a failure."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s in vain: {what}")


def connected(path):
    """A connection to who listens at `path`, or None. A socket is there when it is bound, a moment before anybody listens."""
    found = socket.socket(socket.AF_UNIX)
    try:
        found.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        found.close()
        return None
    return found


def selected_reach(sources):
    """The reach, in octal, of the refclock GPS in the output of `chronyc sources`; empty unless it is selected."""
    found = re.search(r"^#\* GPS\s+\d+\s+\d+\s+(\d+)", sources, re.MULTILINE)
    return found.group(1) if found else ""


class Process:
    """A program with its output in a log file."""

    def __init__(self, rig, name, command, foreign=False, env=None, stdin=subprocess.DEVNULL):
        self.log = rig.folder / f"{name}.log"
        environment = {**os.environ, **(env or {})}
        if foreign:
            environment["LD_LIBRARY_PATH"] = library_path()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=stdin, stdout=log, stderr=log,
                env=environment, cwd=rig.folder, preexec_fn=die_with_parent)
        rig.processes.append(self)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=10):
        """Its exit status."""
        if self.running():
            self.send(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def lines(self):
        return self.log.read_text(errors="replace").splitlines()

    def count(self, text):
        return sum(text in line for line in self.lines())

    def wait_for(self, text, seconds=30, times=1):
        wait_until(lambda: self.count(text) >= times, seconds, f'"{text}" x{times} in {self.log}')


def samples_of(log):
    """The raw samples of chronyd's refclocks.log: {true second: offset in ns}."""
    samples = {}
    # A line may be there in part when it is read, up to the middle of a figure.
    for line in log[:log.rfind("\n") + 1].splitlines():
        # Date, time of the stamp, refid, number in the poll (or - for a filtered one), leap, PPS, raw offset.
        found = re.match(r"(\d+-\d+-\d+) (\d+:\d+:\d+)\.(\d+) GPS\s+\d+ \S 0\s+(\S+)", line)
        if not found:
            continue
        day, clock, fraction, offset = found.groups()
        ns = round(float(offset) * 1e9)
        stamp = calendar.timegm(time.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S"))
        true = stamp + float(f"0.{fraction}") + ns * 1e-9
        samples[round(true)] = ns
    return samples


class Rig:
    """A folder of its own, and the processes in it; both are gone at the end, the folder only if all went well."""

    def __init__(self, name, user=None):
        """`user`: the number of the user that ntsbox-sim and ntsboxd run as, instead of root."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"ntsbox-{name}-"))
        self.as_user = []
        if user:
            os.chown(self.folder, user, user)
            self.as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        # gpsd gives up root and must still reach its device.
        self.folder.chmod(0o755)
        self.processes = []
        self.machines = []

    def close(self, keep=False):
        for process in reversed(self.processes):
            if process.running():
                process.send(signal.SIGCONT)
            process.stop()
        for machine in self.machines:
            machine.close()
        if keep:
            print(f"logs: {self.folder}", file=sys.stderr)
        else:
            # Never into what is mounted there.
            subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=False)

    def path(self, name):
        return self.folder / name

    def program(self, name):
        """How to run one of ours. Another user may have no way to the build, and gets a copy."""
        if not self.as_user:
            return [BUILD / "bin" / name]
        return [*self.as_user, shutil.copy(BUILD / "bin" / name, self.path(name))]

    # The parts of the chain.

    def sim(self, *options):
        sim = Process(self, "sim", [
            *self.program("ntsbox-sim"), "--pty", self.path("gps"), "--pulses", self.path("pulses.sock"),
            "--truth", self.path("truth.jsonl"), "--control", self.path("control.sock"), *options])
        wait_until(lambda: self.path("gps").exists() and self.path("control.sock").exists(), 20, f"ntsbox-sim ({sim.log})")
        return sim

    def tell_sim(self, command):
        subprocess.run([BUILD / "bin/ntsbox-sim", "--send", self.path("control.sock"), command], check=True)

    def gpsd(self, port=2947):
        return Process(self, "gpsd", [
            daemon_program("gpsd"), "-N", "-n", "-S", port, "-P", self.path("gpsd.pid"),
            "-F", self.path("gpsd.control"), self.path("gps")], foreign=True)

    def take_device_away(self):
        """What udev does on an unplug (gpsd(8), control socket). gpsd 3.25 may not take it back for a minute without."""
        self.tell_gpsd(f"-{self.path('gps')}")

    def give_device_back(self):
        """What udev does on a replug."""
        self.tell_gpsd(f"+{self.path('gps')}")

    def tell_gpsd(self, command):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.path("gpsd.control")))
            control.sendall(f"{command}\r\n".encode())
            control.recv(64)

    def chronyd(self, refclock="poll 0 filter 1", source=None):
        self.path("chrony").mkdir(mode=0o700, exist_ok=True)
        self.path("chrony.conf").write_text(
            f"refclock {source or 'SOCK ' + str(self.path('chrony.sock'))} refid GPS {refclock}\n"
            f"pidfile {self.path('chronyd.pid')}\nbindcmdaddress {self.path('chrony/chronyd.sock')}\n"
            f"cmdport 0\nport 0\nlogdir {self.folder}\nlog refclocks\n")
        return Process(self, "chronyd", [
            daemon_program("chronyd"), "-x", "-d", "-u", "root", "-f", self.path("chrony.conf")], foreign=True)

    def chronyc(self, *words):
        result = subprocess.run([daemon_program("chronyc"), "-n", "-h", self.path("chrony/chronyd.sock"), *words],
                                env={**os.environ, "LD_LIBRARY_PATH": library_path()}, capture_output=True, text=True)
        return result.stdout

    def settings(self, **changes):
        """Writes the daemon's settings; a change is `table_key=value`."""
        values = {"pulse_source": f"stream:{self.path('pulses.sock')}", "chrony_socket": str(self.path("chrony.sock")),
                  "files_status": str(self.path("status.json")), "files_state": str(self.folder), **changes}
        tables = {}
        for key, value in values.items():
            table, name = key.split("_", 1)
            tables.setdefault(f"[{table}]", []).append(f"{name} = {json.dumps(value)}")
        path = self.path("ntsboxd.toml")
        path.write_text("\n".join(line for head, lines in tables.items() for line in (head, *lines)) + "\n")
        return path

    def ntsboxd(self, *options, env=None, **changes):
        return Process(self, "ntsboxd", [
            *self.program("ntsboxd"), "--config", self.settings(**changes), *options], env=env)

    def run_ntsboxd(self, *options):
        """To its end, which must be soon: its exit status, and all that it printed."""
        done = subprocess.run([BUILD / "bin/ntsboxd", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=30, cwd=self.folder)
        return done.returncode, done.stdout

    def status(self):
        try:
            return json.loads(self.path("status.json").read_text())
        except FileNotFoundError:
            return None

    # What chronyd measured, and what was true.

    def measured(self, log=None):
        """chronyd's raw samples, as samples_of() gives them."""
        try:
            return samples_of((log or self.path("refclocks.log")).read_text())
        except FileNotFoundError:
            return {}

    def truth(self, log=None):
        """{true second: offset in ns} of each edge."""
        try:
            lines = (log or self.path("truth.jsonl")).read_text().splitlines()
        except FileNotFoundError:
            return {}
        edges = [json.loads(line) for line in lines if line.endswith("}")]
        return {edge["second"]: edge["offset_ns"] for edge in edges}

    def errors(self, measured=None, truth=None):
        """{true second: measured less true offset, in ns}; a sample of no edge is an error without bound."""
        truth = self.truth(truth)
        return {second: offset - truth[second] if second in truth else float("inf")
                for second, offset in self.measured(measured).items()}
