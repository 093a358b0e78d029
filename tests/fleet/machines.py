"""The machines of a fleet, and the one that Ansible runs on: booted Debians with sshd, on a network that nobody else is on."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "rig"), str(TESTS / "package"), str(TESTS / "container")]
from bare import Bare  # noqa: E402
from booted_test import THEIR_OWN, entry, everything  # noqa: E402
from package_test import CHROOT, deb  # noqa: E402
from rig import ROOT, overlay  # noqa: E402

FLEET = ROOT / "docs/fleet"
NODE_EXPORTER = "Package: prometheus-node-exporter\nStatus: install ok installed\nArchitecture: all\nVersion: 1.5.0\n"
# Its user comes with the package: until then it waits.
SIM_WAITS = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=1\n"
# What is written all the time, what Ansible keeps for itself, and what apt does while it looks.
BOOKS = (*THEIR_OWN, "var/log", "var/tmp", "var/lib/prometheus", "root/.ansible", "var/lib/apt", "var/cache/apt", "var/lib/dpkg/lock")


class Member(Bare):
    """As it is before Ansible comes: a Debian with sshd that lets `key` in, and a receiver."""

    def __init__(self, rig, name, address, key):
        self.address, self.key = address, key
        super().__init__(rig, name)

    def install(self):
        super().install()
        units = self.path("/usr/lib/systemd/system")
        (units / "multi-user.target.wants/ntsbox-sim.service").symlink_to("../ntsbox-sim.service")
        (units / "ntsbox-sim.service.d").mkdir()
        (units / "ntsbox-sim.service.d/waits.conf").write_text(SIM_WAITS)
        self.path("/root/.ssh").mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.key.with_suffix(".pub"), self.path("/root/.ssh/authorized_keys"))
        # There is no Internet to take packages from.
        self.path("/etc/apt/sources.list").write_text("")
        with open(self.path("/var/lib/dpkg/status"), "a") as status:
            status.write(f"\n{NODE_EXPORTER}")
        self.path("/var/lib/prometheus/node-exporter").mkdir(parents=True)

    def has_in_apt(self, name):
        """A source that apt knows has this package of ours. The machine runs."""
        folder = self.path("/srv/packages")
        folder.mkdir()
        shutil.copy(deb(name), folder)
        index = subprocess.run(["dpkg-scanpackages", "--multiversion", "."], cwd=folder, capture_output=True, text=True, check=True).stdout
        (folder / "Packages").write_text(index)
        self.path("/etc/apt/sources.list").write_text("deb [trusted=yes] file:/srv/packages ./\n")
        self.run("apt-get", "update")

    def plug_in(self, bridge):
        cable = f"to-{self.name}"
        subprocess.run(["ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", self.leader], check=True)
        subprocess.run(["ip", "link", "set", cable, "up", "master", bridge], check=True)
        self.run("ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")

    def changes(self):
        """Path -> what is there, of all that is not as it was unpacked."""
        found = everything(self.root.with_name(f"{self.name}-layers") / "upper", tops=("",), but=BOOKS)
        return {path: what for path, what in found.items() if not os.path.lexists(CHROOT / path) or entry(CHROOT / path) != what}


class Control:
    """The machine that Ansible runs on, with a home, an inventory and known hosts of its own: this one, or a copy of the root NTSBOX_CONTROL
    (made by make_root, with Ansible)."""

    def __init__(self, rig):
        self.folder = rig.folder
        # A copy, since ansible-lint leaves things there.
        self.fleet = shutil.copytree(ROOT / "docs", self.folder / "docs") / "fleet"
        self.enter = []
        control = pathlib.Path(os.environ.get("NTSBOX_CONTROL", "/")).absolute()
        if control != pathlib.Path("/"):
            rig.machines.append(self)
            root = overlay(self.folder / "control", control)
            for place in (self.folder, ROOT):
                inner = root / str(place).lstrip("/")
                inner.mkdir(parents=True)
                subprocess.run(["mount", "--bind", place, inner], check=True)
            subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
            subprocess.run(["mount", "-t", "devpts", "-o", "ptmxmode=0666", "devpts", root / "dev/pts"], check=True)
            self.enter = ["chroot", root, "env", "--chdir", self.fleet]
        self.key = self.folder / "key"
        self.bundles = self.folder / "bundles"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)

    def close(self):
        subprocess.run(["umount", "--recursive", self.folder / "control"], check=False)

    def meet(self, machines, bridge="fleet", address="192.0.2.1/24"):
        """On one network with them, whose host keys and names are known to all."""
        for words in (("add", bridge, "type", "bridge"), ("set", bridge, "up")):
            subprocess.run(["ip", "link", *words], check=True)
        subprocess.run(["ip", "address", "add", address, "dev", bridge], check=True)
        names = "".join(f"{machine.address} {machine.name}\n" for machine in machines)
        known = ""
        for machine in machines:
            machine.plug_in(bridge)
            with open(machine.path("/etc/hosts"), "a") as hosts:
                hosts.write(names)
            known += f"{machine.address} {machine.path('/etc/ssh/ssh_host_ed25519_key.pub').read_text()}"
        (self.folder / "known_hosts").write_text(known)

    def run(self, *words, inventory=None):
        """One of Ansible's programs, in the folder of the example."""
        environment = {**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1",
                       "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_SSH_ARGS": f"-o ControlMaster=auto -o ControlPersist=5s "
                       f"-o UserKnownHostsFile={self.folder}/known_hosts -o StrictHostKeyChecking=yes"}
        if inventory:
            path = self.folder / "inventory.json"
            path.write_text(json.dumps(inventory))
            environment["ANSIBLE_INVENTORY"] = str(path)
        done = subprocess.run([str(word) for word in (*self.enter, *words)], cwd=self.fleet, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout


def recap(said):
    """Host -> what came of it, by name: {"gps-1": {"ok": 12, "changed": 3, ...}}."""
    lines = said.partition("PLAY RECAP")[2].splitlines()
    found = {}
    for line in lines:
        host, colon, rest = line.partition(" : ")
        if colon:
            found[host.strip()] = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", rest)}
    return found
