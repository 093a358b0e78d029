"""A booted Debian in systemd-nspawn, with our build installed: what only a running systemd can show.

It is unpacked into memory for each use, so it always begins as packages left it. Nothing in it holds CAP_SYS_TIME and
its chronyd runs with -x: this machine's clock is out of reach.
"""

import os
import pathlib
import subprocess
import sys

from rig import BUILD, ROOT, Process, wait_until

IMAGE = ROOT / "build/container/system.tar"

# What the image differs in from a fresh machine, outside of /etc, so that nobody takes it for the owner's.
UNITS = {
    # Without that capability chronyd -x runs as well, but the package's unit asks for it.
    "chrony.service.d/container.conf": "[Unit]\nConditionCapability=\n",
    # As the one user besides root whom ntsboxd believes. A gpsd that finds no device forgets it, so that one must be there first.
    "ntsbox-sim.service": """[Unit]
Description=A simulated receiver
Before=gpsd.service ntsboxd.service
[Service]
User=_ntsbox
RuntimeDirectory=ntsbox-sim
ExecStart=/usr/bin/ntsbox-sim --pty /run/ntsbox-sim/gps --pulses /run/ntsbox-sim/pulses.sock --control /run/ntsbox-sim/control
ExecStartPost=/bin/sh -c "until [ -e /run/ntsbox-sim/gps ]; do sleep 0.1; done"
""",
    "multi-user.target.wants/ntsbox-sim.service": None,
    "../journald.conf.d/container.conf": "[Journal]\nStorage=persistent\n",
}


# The kernel makes no user namespace for whoever is chrooted (user_namespaces(7)).
IN_A_CHROOT = {f"{unit}.service.d/container.conf": "[Service]\nPrivateUsers=no\n" for unit in ("ntsboxd", "ntsbox-metrics")}


def units():
    if subprocess.run(["unshare", "--user", "true"], capture_output=True).returncode == 0:
        return UNITS
    print("no user namespaces can be made here: its units run without PrivateUsers=", file=sys.stderr)
    return {**UNITS, **IN_A_CHROOT}


def private_kernel_files():
    """What systemd-nspawn needs of a machine, also in a bare chroot: /sys, its own /run/systemd, and one cgroup hierarchy, in which
    systemd confines what it runs. All in this mount namespace."""
    for kind, place in (("sysfs", "/sys"), ("cgroup2", "/sys/fs/cgroup"), ("tmpfs", "/run/systemd")):
        os.makedirs(place, exist_ok=True)
        subprocess.run(["mount", "-t", kind, kind, place], check=True)


class Container:
    """To be made inside of the rig's namespaces (`enter_namespaces()`), after private_kernel_files()."""

    def __init__(self, rig, name="box"):
        rig.machines.append(self)
        self.rig = rig
        self.name = name
        self.root = rig.folder / name
        self.root.mkdir()
        self.nspawn = None
        self.cgroup = pathlib.Path(f"/sys/fs/cgroup/{rig.folder.name}-{name}")
        self.cgroup.mkdir()
        self.unpack()
        self.path("/etc/hostname").write_text(f"{name}\n")
        self.path("/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n")
        self.path("/etc/default/chrony").write_text('DAEMON_OPTS="-x -F 1"\n')
        for unit, text in units().items():
            place = self.path("/usr/lib/systemd/system") / unit
            place.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                place.symlink_to("../" + place.name)
            else:
                place.write_text(text)
        self.install()

    def unpack(self):
        """A fresh machine at the root."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.root], check=True)
        subprocess.run(["tar", "-C", self.root, "-xpf", IMAGE, "--exclude=./dev/*"], check=True)

    def install(self):
        """Our build, as its package would bring it."""
        subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DESTDIR": str(self.root)})
        subprocess.run(["chroot", self.root, "systemd-sysusers"], check=True, capture_output=True)

    def path(self, name):
        """Where a path of the container's own file system is, as seen from outside; what it mounts is not there."""
        return self.root / str(name).lstrip("/")

    # Its power.

    def boot(self):
        """Until systemd has nothing left to start."""
        self.nspawn = Process(self.rig, f"{self.name}-console", [
            "sh", "-c", 'echo 0 > "$1/cgroup.procs" && shift && exec "$@"', "sh", self.cgroup, "systemd-nspawn", "--quiet", "--directory", self.root, "--private-network", "--register=no", "--keep-unit",
            "--console=pipe", "--boot"], env={"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")
        wait_until(lambda: not self.nspawn.running() or self.is_up(children), 120, f"the container up ({self.nspawn.log})")
        if not self.nspawn.running():
            raise RuntimeError("systemd-nspawn does not run here:\n" + "\n".join(self.nspawn.lines()))

    def is_up(self, children):
        leader = children.read_text().split()
        if not leader:
            return False
        self.leader = leader[0]
        try:
            state = subprocess.run([*self.enter(), "systemctl", "is-system-running"], capture_output=True, text=True, timeout=10)
        except subprocess.TimeoutExpired:
            return False
        return state.stdout.strip() in ("running", "degraded")

    def power_off(self):
        subprocess.run([*self.enter(), "systemctl", "--no-block", "poweroff"], check=False)
        wait_until(lambda: not self.nspawn.running(), 90, f"the container off ({self.nspawn.log})")

    def reboot(self):
        self.power_off()
        self.boot()

    def close(self):
        if self.nspawn:
            self.nspawn.stop()
        with open(self.rig.path(f"{self.name}-journal.log"), "w") as log:
            subprocess.run(["journalctl", "--directory", self.path("/var/log/journal")], stdout=log, check=False)
        # Where nspawn did not stop in time, what ran in it is still about to end.
        (self.cgroup / "cgroup.kill").write_text("1")
        wait_until(lambda: "populated 0" in (self.cgroup / "cgroup.events").read_text(), 30, f"{self.name} has ended")
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(folder)
        subprocess.run(["umount", "--recursive", self.root], check=False)

    # What is done in it.

    def enter(self):
        return ["nsenter", "--target", self.leader, "--root", "--mount", "--uts", "--ipc", "--net", "--pid", "--"]

    def run(self, *words, check=True, seconds=300):
        """A command that its systemd starts, so that it has no more rights than what runs there."""
        command = [*self.enter(), "systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--setenv=LC_ALL=C", "--", *words]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def says(self, *words):
        return self.run(*words, check=False).stdout

    def show(self, unit, *properties):
        """Properties of a unit, by name."""
        told = self.says("systemctl", "show", unit, "--property", ",".join(properties))
        return dict(line.partition("=")[::2] for line in told.splitlines())

    def process_status(self, unit):
        """/proc/PID/status of a unit's main process, by name."""
        told = self.says("cat", f"/proc/{self.show(unit, 'MainPID')['MainPID']}/status")
        return {key: value.strip() for key, _, value in (line.partition(":") for line in told.splitlines())}

    def tell_sim(self, *words):
        self.run("ntsbox-sim", "--send", "/run/ntsbox-sim/control", *words)
