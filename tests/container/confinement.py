"""What the units beside ntsboxd can do in a box that runs: each of them runs a probe in place of its program.

A score of systemd-analyze(1) says how a unit is written; this says what the kernel makes of it. Nothing is taken for impossible
that a process of root's cannot do there either: all attempts succeed without a unit.
"""

import pathlib

from rig import wait_until

PROBE = "/usr/lib/ntsbox-probe.pl"
OUTCOMES = "/run/ntsbox-outcomes"
SECRETS = ("/root/ntsbox-secret", "/home/ntsbox-secret", "/var/lib/chrony/ntsbox-secret")
# With the pid of ntsboxd for {pid}.
ATTEMPTS = (
    *(f"read:{path}" for path in SECRETS), "read:/etc/shadow", "read:/etc/ntsbox/pki/server.key", "read:/etc/chrony/nts/server.key",
    "read:/proc/1/environ",
    *(f"write:{path}" for path in (
        "/etc", "/usr/lib", "/boot", "/root", "/dev/shm", "/run", "/run/chrony", "/run/ntsbox", "/run/ntsbox-status", "/var/lib/chrony",
        "/var/lib/ntsbox", "/var/lib/ntsbox-provision", "/var/lib/ntsbox-status", "/var/lib/prometheus/node-exporter", "/var/log")),
    "datagram:/run/chrony/chronyd.sock", "datagram:/run/chrony.ntsbox.sock",
    "stream:/run/dbus/system_bus_socket", "stream:/run/systemd/private", "loopback:2947",
    "socket:inet", "socket:netlink", "socket:packet", "unshare:user", "unshare:net", "unshare:mnt", "mount:/mnt", "hostname:",
    "personality:", "memory:", "group:/sys/fs/cgroup", "signal:{pid}", "trace:{pid}", "user:1",
)
CHRONYD = {"write:/run/chrony", "datagram:/run/chrony/chronyd.sock"}
LOOPBACK = {"socket:inet", "loopback:2947"}
MAY = {
    "ntsbox-holdover.service": CHRONYD,
    "ntsbox-status.service": CHRONYD | {"write:/run/ntsbox-status", "write:/var/lib/ntsbox-status"},
    "ntsbox-metrics.service": LOOPBACK | {"write:/var/lib/prometheus/node-exporter"},
    # It is root, and finishes the work of an owner: what it needs is most of what it could want.
    "ntsbox-provision-resume.service": CHRONYD | LOOPBACK | {
        "read:/proc/1/environ", "read:/etc/shadow", "read:/etc/ntsbox/pki/server.key", "read:/etc/chrony/nts/server.key", "read:/var/lib/chrony/ntsbox-secret",
        "write:/etc", "write:/boot", "write:/run", "write:/run/ntsbox", "write:/run/ntsbox-status", "write:/var/lib/ntsbox-provision",
        "datagram:/run/chrony.ntsbox.sock", "stream:/run/dbus/system_bus_socket", "stream:/run/systemd/private", "socket:netlink",
        "unshare:mnt", "mount:/mnt", "signal:{pid}", "user:1"},
}
DROP_IN = """[Unit]
ConditionPathExists=
[Service]
Type=oneshot
Restart=no
TimeoutStartSec=60
ExecStart=
ExecStart=/usr/bin/perl {probe} {attempts}
StandardOutput=truncate:{outcomes}
"""


def outcomes_in(lines, pid):
    """Attempt -> "ok", or the cause of its failure."""
    names = {attempt.replace("{pid}", pid): attempt for attempt in ATTEMPTS}
    found = {}
    for line in lines.splitlines():
        attempt, _, cause = line.partition(" ")
        found[names.get(attempt, attempt)] = cause
    return found


class Probes:
    """In a box whose side units have run, with node_exporter's folder."""

    def __init__(self, box):
        self.box = box
        self.pid = box.show("ntsboxd.service", "MainPID")["MainPID"]
        self.attempts = [attempt.replace("{pid}", self.pid) for attempt in ATTEMPTS]
        box.path(PROBE).write_text((pathlib.Path(__file__).parent / "probe.pl").read_text())
        for path in SECRETS:
            box.run("sh", "-c", f"umask 077; echo secret > {path}")

    def of_root(self):
        """Without a unit of ours."""
        return outcomes_in(self.box.says("perl", PROBE, *self.attempts), self.pid)

    def of(self, unit):
        folder = f"/run/systemd/system/{unit}.d"
        text = DROP_IN.format(probe=PROBE, attempts=" ".join(self.attempts), outcomes=OUTCOMES)
        self.box.run("mkdir", "-p", folder)
        self.box.run("sh", "-c", 'printf "%s" "$1" > "$2"; systemctl daemon-reload', "sh", text, f"{folder}/probe.conf")
        try:
            self.box.run("rm", "-f", OUTCOMES)
            wait_until(lambda: self.box.run("systemctl", "start", unit, check=False).returncode == 0, 30, f"{unit} runs the probe")
            return outcomes_in(self.box.says("cat", OUTCOMES), self.pid)
        finally:
            self.box.run("sh", "-c", f"rm {folder}/probe.conf; systemctl daemon-reload")
