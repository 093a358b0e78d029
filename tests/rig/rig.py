"""The bench that the demo, the smoke tests and the benchmarks share: real daemons in namespaces of their own.

Everything runs on loopback, with chronyd -x: this machine's clock and services are not touched. Processes are ended
by their pid, and all of them when any process of the rig itself is killed.
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
MEMORY = "NTSBOX_RIG_MEMORY"  # a folder in memory that ends with the namespaces
BY_SUDO = "NTSBOX_RIG_BY_SUDO"
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NAMESPACES = 0x00020000 | 0x08000000 | 0x20000000 | 0x40000000  # sched.h: CLONE_NEWNS, NEWIPC, NEWPID, NEWNET
NEEDS_ROOT = 77


def enter_namespaces():
    """Goes on as root in network, IPC, mount and process namespaces of its own, unless it is there already.

    All that runs there ends with the first process there, which ends with the caller and with its script: whichever of
    them is killed, nothing runs on, and what was mounted there is gone."""
    if os.environ.get(MARK):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return be_interruptible()
    if os.geteuid() != 0:
        become_root()
    if os.environ.pop(BY_SUDO, None):
        die_with_parent()
    os.environ[MARK] = "1"
    sys.stdout.flush()
    if LIBC.unshare(NEW_NAMESPACES) != 0:
        raise OSError(ctypes.get_errno(), "no namespaces can be made")
    init = os.fork()
    if init:
        sys.exit(outcome_of(init))
    die_with_parent()
    mount_own()
    script = os.fork()
    if script:
        os._exit(outcome_of(script, reap=True))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    be_interruptible()


def outcome_of(child, reap=False):
    """The exit status of a child, which gets the signals that ask this process to stop. `reap`: others are waited for as well."""
    for number in STOPS:
        signal.signal(number, lambda n, _: os.kill(child, n))
    while True:
        ended, status = os.waitpid(-1 if reap else child, 0)
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def be_interruptible():
    for number in STOPS:
        signal.signal(number, interrupted)


def mount_own():
    """What this mount namespace has of its own: /proc, of its processes; where it is missing, /dev/pts; and memory for files.

    Below a chroot that is no mount point nothing can be made private (tests/rig/indoors)."""
    subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.DEVNULL, check=False)
    os.makedirs("/proc", exist_ok=True)
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
    if not os.path.exists("/dev/pts/ptmx"):
        os.makedirs("/dev/pts", exist_ok=True)
        subprocess.run(["mount", "-t", "devpts", "-o", "ptmxmode=0666", "devpts", "/dev/pts"], check=True)
    os.environ[MEMORY] = next(place for place in ("/mnt", "/media", "/srv") if os.path.isdir(place) and not holds_ours(place))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", os.environ[MEMORY]], check=True)


def holds_ours(place):
    return any(path.is_relative_to(place) for path in (ROOT, BUILD, DAEMONS, pathlib.Path(tempfile.gettempdir())))


def become_root():
    if not shutil.which("sudo"):
        print("network namespaces need root: run this as root, or install sudo", file=sys.stderr)
        sys.exit(NEEDS_ROOT)
    kept = [f"{name}={os.environ[name]}" for name in ("NTSBOX_BUILD", "NTSBOX_DAEMONS") if name in os.environ]
    os.execvp("sudo", ["sudo", *kept, f"{BY_SUDO}=1", sys.executable, "-B", *sys.argv])


def interrupted(number, _):
    """Once: whoever cleans up must not be interrupted in that."""
    for ignored in STOPS:
        signal.signal(ignored, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


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
    """An /etc of this mount namespace's own (`enter_namespaces()`), whose hosts file says `text`."""
    overlay(folder, "/etc", "/etc")
    pathlib.Path("/etc/hosts").write_text(text)


def die_with_parent():
    """SIGKILL for this process when its parent dies (prctl(2), PR_SET_PDEATHSIG)."""
    LIBC.prctl(1, signal.SIGKILL)


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
    """A folder of its own, and the processes in it; both are gone at the end. Of a folder in memory the files are kept if not all
    went well."""

    def __init__(self, name, user=None, in_memory=True, logs=None):
        """`user`: the number of the user that ntsbox-sim and ntsboxd run as, instead of root. `logs`: the folder for what is kept,
        which is made, or else a new one."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"ntsbox-{name}-", dir=os.environ.get(MEMORY) if in_memory else None))
        self.logs = logs
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
            self.keep()
        # Never into what is mounted there.
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=False)

    def keep(self):
        if self.logs:
            subprocess.run(["rm", "-rf", self.logs], check=False)
        place = self.logs or tempfile.mkdtemp(prefix=f"{self.folder.name}-")
        subprocess.run(["cp", "-a", "--one-file-system", "-T", self.folder, place], check=False)
        print(f"logs: {place}", file=sys.stderr)

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
