"""A machine of its own to provision: this one's files with gpsd and chrony on top, every change kept in memory.

Its root is an overlay, its network a namespace, so what is done there is seen nowhere else. No systemd runs in it: what a
unit would do is done here by hand, from the files that the unit would read.
"""

import os
import pathlib
import shlex
import shutil
import subprocess

from rig import BUILD, DAEMONS, ROOT, Process, overlay, wait_until

# What the packages' own scripts would have made.
ACCOUNTS = (("_chrony", "/var/lib/chrony"), ("gpsd", "/run/gpsd"), ("_ntsbox", "/var/lib/ntsbox"))
PROGRAMS = {"sbin": ("ntsboxd", "ntsbox-provision"), "bin": ("ntsbox-sim", "ntsbox-status", "ntsbox-report")}
UNITS = ("*.service", "*.timer")


def private_networks():
    """Network namespaces with names, which nobody outside of this mount namespace sees (ip-netns(8))."""
    os.makedirs("/run/netns", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/netns"], check=True)


class Machine:
    """To be made inside of the rig's namespaces (`enter_namespaces()`), after private_networks()."""

    def __init__(self, rig, name, ours=True):
        """`ours`: with ntsbox's own programs and units, as its package would bring them."""
        rig.machines.append(self)
        self.rig = rig
        self.name = name
        self.base = rig.folder / name
        self.root = overlay(self.base, "/")
        # Nothing of this machine's own is bound in but these nodes: what is deleted there is gone there alone.
        for place, kind, options in (("proc", "proc", "ro"), ("sys", "sysfs", "ro"), ("dev", "tmpfs", "mode=0755"),
                                     ("run", "tmpfs", "mode=0755"), ("tmp", "tmpfs", "mode=1777")):
            self.mount(place, kind, options)
        for node in ("null", "zero", "full", "random", "urandom"):
            (self.root / "dev" / node).touch()
            subprocess.run(["mount", "--bind", f"/dev/{node}", self.root / "dev" / node], check=True)
        self.mount("dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5")
        (self.root / "dev/ptmx").symlink_to("pts/ptmx")
        self.path("/etc/hosts").touch()  # a bare chroot has none
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.run("ip", "link", "set", "lo", "up")
        self.install_daemons()
        if ours:
            self.install_ours()

    def mount(self, place, kind, options):
        (self.root / place).mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", kind, "-o", options, kind, self.root / place], check=True)

    def close(self):
        subprocess.run(["ip", "netns", "delete", self.name], check=False)
        subprocess.run(["umount", "--recursive", self.base], check=False)

    def path(self, name):
        """Where a path of the machine is, as seen from outside."""
        return self.root / str(name).lstrip("/")

    def command(self, *words):
        return ["nsenter", f"--net=/run/netns/{self.name}", "chroot", self.root, *words]

    def run(self, *words, check=True, **more):
        return subprocess.run([str(word) for word in self.command(*words)], check=check, capture_output=True, text=True, **more)

    def start(self, name, *words, env=None):
        return Process(self.rig, f"{self.name}-{name}", self.command(*words), env=env)

    # What installing the packages would have done.

    def install_daemons(self):
        packed = subprocess.run(["tar", "-C", DAEMONS, "-cf", "-", "usr", "etc", "var"], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-C", self.root, "-xf", "-", "--keep-directory-symlink"], input=packed, check=True)
        with open(self.path("/var/lib/dpkg/status"), "a") as status:
            status.write("\n" + (DAEMONS.parent / "status").read_text())
        for user, home in ACCOUNTS:
            self.run("useradd", "--system", "--home-dir", home, "--no-create-home", "--shell", "/usr/sbin/nologin",
                     "--user-group", user, check=False)
        for folder, owner, mode in (("/etc/chrony/conf.d", "root", 0o755), ("/etc/chrony/sources.d", "root", 0o755),
                                    ("/run/chrony", "_chrony", 0o700), ("/var/lib/chrony", "_chrony", 0o750),
                                    ("/var/log/chrony", "_chrony", 0o750), ("/var/lib/ntsbox", "_ntsbox", 0o755),
                                    ("/run/ntsbox", "_ntsbox", 0o755)):
            place = self.path(folder)
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(mode)
            self.run("chown", f"{owner}:{owner}", folder)
        shutil.copy(self.path("/usr/share/chrony/chrony.conf"), self.path("/etc/chrony/chrony.conf"))

    def install_ours(self):
        for folder, names in PROGRAMS.items():
            for name in names:
                shutil.copy(BUILD / "bin" / name, self.path(f"/usr/{folder}/{name}"))
        shutil.copytree(ROOT / "status/report", self.path("/usr/share/ntsbox/report"))
        for pattern in UNITS:
            for unit in (ROOT / "debian").glob(pattern):
                shutil.copy(unit, self.path("/usr/lib/systemd/system") / unit.name)

    # What the units would do.

    def drop_in(self, unit, key):
        """The commands that a drop-in of ours adds to a unit under `key`, without their prefixes."""
        text = self.path(f"/etc/systemd/system/{unit}.service.d/ntsbox.conf").read_text()
        return [shlex.split(line.split("=", 1)[1].lstrip("+!-@:")) for line in text.splitlines() if line.startswith(f"{key}=")]

    def start_chronyd(self, *options, ahead=None):
        """As chrony.service does, but with -x: nobody's clock is touched. `ahead`: in seconds, what it takes its clock to be
        ahead of this machine's (such a chronyd serves the clock that it has, whatever it is told).
        """
        lie = ["env", f"LD_PRELOAD={faketime()}", f"FAKETIME=+{ahead}s", "FAKETIME_DONT_FAKE_MONOTONIC=1"] if ahead else []
        log = self.rig.path(f"{self.name}-chronyd.log")
        started = log.read_text(errors="replace").count("Loaded seccomp filter") if log.exists() else 0
        chronyd = self.start("chronyd", *lie, "chronyd", "-x", "-d", "-F", "1", *options)
        # Its pid file comes before its sockets, which the drop-in is about.
        chronyd.wait_for("Loaded seccomp filter", 20, times=started + 1)
        if self.path("/etc/systemd/system/chrony.service.d/ntsbox.conf").exists():
            for words in self.drop_in("chrony", "ExecStartPost"):
                self.run(*words)
        return chronyd

    def start_gpsd(self):
        """As gpsd.service does with its drop-in."""
        lines = (line.partition("=") for line in self.path("/etc/ntsbox/gpsd.env").read_text().splitlines())
        settings = {key: value.strip('"') for key, _, value in lines if not key.startswith("#")}
        return self.start("gpsd", "gpsd", "-N", *shlex.split(settings["GPSD_OPTIONS"]), *shlex.split(settings["DEVICES"]))

    def start_ntsboxd(self):
        return self.start("ntsboxd", "setpriv", "--reuid=_ntsbox", "--regid=_ntsbox", "--clear-groups", "ntsboxd")

    def chronyc(self, *words):
        return self.run("chronyc", "-N", *words, check=False).stdout


def faketime():
    """The library that tells a program another time."""
    return next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def join(left, right, left_address, right_address):
    """A wire between two machines, named after the other end."""
    subprocess.run(["ip", "link", "add", right.name, "netns", left.name, "type", "veth",
                    "peer", "name", left.name, "netns", right.name], check=True)
    for machine, other, address in ((left, right, left_address), (right, left, right_address)):
        machine.run("ip", "address", "add", f"{address}/24", "dev", other.name)
        machine.run("ip", "link", "set", other.name, "up")
