#!/usr/bin/env python3
"""What only a booted machine can show: boxes made by ntsbox-provision, under a systemd of their own."""

import hashlib
import json
import os
import pathlib
import stat
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "rig"), str(HERE)]
from confinement import MAY, Probes  # noqa: E402
from container import Container, private_kernel_files  # noqa: E402
from rig import BUILD, enter_namespaces, wait_until  # noqa: E402
from rigged import Rigged  # noqa: E402

WORDS = ["--yes", "--airgap", "--name", "box.test", "--pulse", "stream:/run/ntsbox-sim/pulses.sock",
         "--receiver", "/run/ntsbox-sim/gps", "--allow", "10.0.0.0/8", "--restart-gpsd"]
METRICS = "/var/lib/prometheus/node-exporter/ntsbox.prom"
# What daemons and systemd remember for themselves.
THEIR_OWN = ("var/lib/chrony", "var/lib/ntsbox", "var/lib/systemd")


def entry(path):
    """What is at a path: (mode, owner, group, content)."""
    status = path.lstat()
    content = os.readlink(path) if path.is_symlink() else ""
    if stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    return oct(status.st_mode), status.st_uid, status.st_gid, content


def everything(root, tops=("etc", "boot", "var/lib"), but=THEIR_OWN):
    """Path -> what is there, of what is below those folders of a root."""
    found = {}
    for top in tops:
        for folder, folders, names in os.walk(root / top):
            for name in folders + names:
                path = pathlib.Path(folder, name)
                inner = str(path.relative_to(root))
                if not inner.startswith(but):
                    found[inner] = entry(path)
    return found


def differences(before, after):
    return {path: (before.get(path), after.get(path)) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


class Booted(Rigged):
    def verify(self, box):
        """The exit status, and the findings that are not well by name."""
        done = box.run("ntsbox-provision", "verify", "--json", check=False)
        findings = json.loads(done.stdout)["findings"]
        return done.returncode, {each["name"]: each["what"] for each in findings if each["verdict"] == "failed"}

    def state(self, box):
        return box.show("ntsboxd.service", "StatusText")["StatusText"].partition(":")[0]

    def follows(self, box):
        return "#* GPS" in box.says("chronyc", "sources")


class Fresh(Booted):
    """A bare run on a fresh machine, a reboot, and the way back."""

    def test_a_fresh_machine_becomes_a_box_and_what_it_was(self):
        box = Container(self.rig)
        box.boot()
        before = everything(box.root)
        done = box.run("ntsbox-provision", *WORDS, check=False)
        self.assertIn(done.returncode, (0, 4), done.stdout + done.stderr)
        box.reboot()
        wait_until(lambda: self.state(box) == "LOCKED", 60, "ntsboxd is sure of its seconds")
        self.assertEqual(self.verify(box), (0, {}))
        for part in (self.units_are_up, self.anybody_sees_all, self.units_are_confined, self.receiver_is_gone, self.it_is_undone):
            with self.subTest(part.__name__):
                part(box)
        self.assertEqual(differences(before, everything(box.root)), {})

    def units_are_up(self, box):
        for unit in ("chrony.service", "gpsd.service", "ntsboxd.service", "ntsbox-holdover.timer", "ntsbox-status.timer",
                     "ntsbox-gpsd-restart.timer"):
            self.assertEqual(box.show(unit, "ActiveState", "NRestarts").get("ActiveState"), "active", unit)
        self.assertEqual(box.says("systemctl", "--failed", "--quiet", "--plain", "--no-legend"), "")

    def anybody_sees_all(self, box):
        """Also what chronyd tells to root alone, and when the certificate ends."""
        def told():
            return json.loads(box.says("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ntsbox-status", "--json"))
        wait_until(lambda: told()["served"], 90, "the collection")
        self.assertTrue(told()["certificate_until"])

    def units_are_confined(self, box):
        """As the kernel has it, and not only the unit's file."""
        for unit, capabilities in (("ntsboxd.service", 0), ("gpsd.service", 0)):
            status = box.process_status(unit)
            told = {key: status[key] for key in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
            self.assertEqual((int(told["CapEff"], 16), int(told["CapBnd"], 16)), (capabilities, capabilities), (unit, told))
            self.assertEqual((told["NoNewPrivs"], told["Seccomp"]), ("1", "2"), (unit, told))
            self.assertNotEqual(status["Uid"].split()[1], "0", unit)
        status = box.process_status("chrony.service")
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"), status)
        self.assertNotEqual(status["Uid"].split()[1], "0")
        # The files are read-only to them, and others' folders are out of sight.
        pid = box.show("ntsboxd.service", "MainPID")["MainPID"]
        root = next(line for line in box.says("cat", f"/proc/{pid}/mountinfo").splitlines() if line.split()[4] == "/")
        self.assertIn("ro", root.split()[5].split(","))

    def receiver_is_gone(self, box):
        box.run("systemctl", "stop", "ntsbox-sim.service")
        status, failed = self.verify(box)
        self.assertEqual(status, 5, failed)
        self.assertIn("pulses.sock", failed["pulse"])

    def it_is_undone(self, box):
        box.run("ntsbox-provision", "uninstall", "--yes", "--keys")
        for unit in ("ntsboxd.service", "ntsbox-status.timer", "ntsbox-holdover.timer", "ntsbox-gpsd-restart.timer"):
            self.assertEqual(box.show(unit, "ActiveState")["ActiveState"], "inactive", unit)
        self.assertEqual(box.show("chrony.service", "ActiveState")["ActiveState"], "active")


class Image(Booted):
    """An image for many boxes, whose keys are made at their first boot, and its life after that."""

    def test_the_first_boot_finishes_what_was_left_and_the_box_lives_on(self):
        box = Container(self.rig)
        mark = box.path("/var/lib/ntsbox-provision/pending")
        result = mark.with_name("result.json")
        self.install_node_exporter(box)
        command = [BUILD / "bin/ntsbox-provision", "--root", box.root, "--keys-at-first-boot", *WORDS]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        self.assertIn(done.returncode, (0, 4), done.stdout + done.stderr)
        self.assertTrue(mark.exists())
        self.assertFalse(box.path("/etc/ntsbox/pki/server.key").exists())
        box.boot()
        wait_until(lambda: result.exists() and not mark.exists(), 180, "the work is finished")
        told = json.loads(result.read_text())
        self.assertEqual((told["exit"], told["finished"], told["verify"]["verdict"] != "failed"), (0, True, True), told)
        self.assertEqual(self.verify(box), (0, {}))
        self.assertEqual(box.show("ntsbox-provision-resume.service", "Result", "ActiveState"), {"Result": "success", "ActiveState": "inactive"})

        for part in (self.metrics_are_made, self.side_units_are_confined, self.chrony_restarts, self.daemon_hangs, self.holdover_ends, self.gpsd_is_restarted):
            with self.subTest(part.__name__):
                part(box)

    def install_node_exporter(self, box):
        """What its package leaves, as far as anybody looks."""
        box.path(METRICS).parent.mkdir(parents=True)
        with open(box.path("/var/lib/dpkg/status"), "a") as status:
            status.write("\nPackage: prometheus-node-exporter\nStatus: install ok installed\nArchitecture: all\nVersion: 1.5.0\n")

    def metrics_are_made(self, box):
        wait_until(lambda: box.path(METRICS).exists(), 90, "metrics")
        self.assertIn("\nntsbox_verdict ", box.path(METRICS).read_text())
        wait_until(lambda: "\nntsbox_certificate_expiry_timestamp_seconds " in box.path(METRICS).read_text(), 120, "the collection in them")

    def side_units_are_confined(self, box):
        """They can do what their work takes, and nothing else of what root can."""
        probes = Probes(box)
        self.assertEqual({attempt: cause for attempt, cause in probes.of_root().items() if cause != "ok"}, {})
        for unit, may in MAY.items():
            found = probes.of(unit)
            self.assertEqual(len(found), len(probes.attempts), found)
            self.assertEqual({attempt for attempt, cause in found.items() if cause == "ok"}, may, (unit, found))

    def chrony_restarts(self, box):
        """The socket is a new one, and the drop-in gives it to ntsboxd again."""
        box.run("systemctl", "restart", "chrony.service")
        owner = box.says("stat", "--format=%U", "/run/chrony.ntsbox.sock").strip()
        self.assertEqual(owner, "_ntsbox")
        wait_until(lambda: self.follows(box), 120, "chronyd follows GPS")

    def daemon_hangs(self, box):
        """Its watchdog ends it, and it comes again."""
        pid = box.show("ntsboxd.service", "MainPID")["MainPID"]
        box.run("kill", "-STOP", pid)
        wait_until(lambda: box.show("ntsboxd.service", "NRestarts", "ActiveState") == {"NRestarts": "1", "ActiveState": "active"}, 90,
                   "ntsboxd again")
        self.assertNotEqual(box.show("ntsboxd.service", "MainPID")["MainPID"], pid)

    def holdover_ends(self, box):
        """By the unit of the timer; the limit alone is another one."""
        box.run("systemctl", "start", "ntsbox-holdover.service")
        self.assertIn("Normal", box.says("chronyc", "tracking"), "nothing is done within the limit")
        drop_in = "[Service]\nExecStart=\nExecStart=/usr/sbin/ntsbox-provision guard --limit 2\n"
        box.run("mkdir", "-p", "/run/systemd/system/ntsbox-holdover.service.d")
        box.run("sh", "-c", f"printf '{drop_in}' > /run/systemd/system/ntsbox-holdover.service.d/test.conf; systemctl daemon-reload")
        box.run("systemctl", "stop", "ntsboxd.service")
        wait_until(lambda: box.run("systemctl", "start", "ntsbox-holdover.service") and
                   "Not synchronised" in box.says("chronyc", "tracking"), 60, "holdover is over")
        self.assertIn("the last good measurement, of GPS, is", box.says("journalctl", "--quiet", "-u", "ntsbox-holdover.service"))

    def gpsd_is_restarted(self, box):
        """While ntsboxd reports that it is stuck, and not again within the hour."""
        unit, first = "ntsbox-gpsd-restart.service", self.gpsd(box)
        drop_in = ("[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecCondition=\n"
                   "ExecCondition=/usr/bin/ntsbox-status --gpsd-restart /run/ntsbox-gpsd-restart/last --stuck-for 2\n")
        box.run("mkdir", "-p", f"/run/systemd/system/{unit}.d")
        box.run("sh", "-c", f"printf '{drop_in}' > /run/systemd/system/{unit}.d/test.conf; systemctl daemon-reload")
        box.run("systemctl", "start", "ntsboxd.service")
        wait_until(lambda: box.run("test", "-e", "/run/ntsbox/status.json", check=False).returncode == 0, 30, "a status file")
        for denied in (["sh", "-c", "echo > /run/ntsbox/status.json"], ["mv", "/run/ntsbox", "/run/other"],
                       ["systemctl", "--no-ask-password", "start", unit]):
            done = box.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *denied, check=False)
            self.assertNotEqual(done.returncode, 0, denied)
        box.run("systemctl", "start", unit)
        self.report(box, "no-fix")
        box.run("systemctl", "start", unit)
        self.assertEqual(self.gpsd(box), first, "not for another reason")
        self.report(box, "stuck-time")
        box.run("systemctl", "start", unit)
        second = self.gpsd(box)
        self.assertNotIn(second, (first, "0"))
        forget = box.run("setpriv", "--reuid=_ntsbox", "--regid=_ntsbox", "--clear-groups", "sh", "-c", "echo 0 > /run/ntsbox-gpsd-restart/last",
                         check=False)
        self.assertNotEqual(forget.returncode, 0, "ntsboxd's user cannot have the hour forgotten")
        box.run("systemctl", "start", unit)
        self.assertEqual(self.gpsd(box), second, "at most once an hour")
        self.assertEqual(box.show(unit, "Result", "ActiveState")["ActiveState"], "inactive")
        logged = box.says("journalctl", "--quiet", "--output=cat", "-u", unit).splitlines()
        self.assertEqual([line for line in logged if "restarting it, at most once an hour" in line], logged)
        self.assertEqual(len(logged), 1, logged)
        found = json.loads(box.says("ntsbox-provision", "doctor", "--json"))["findings"]
        self.assertIn("1 since the boot", next(each["what"] for each in found if each["name"] == "gpsd-restart"))

    def gpsd(self, box):
        return box.show("gpsd.service", "MainPID")["MainPID"]

    def report(self, box, reason):
        """A status file that ntsboxd would have written, for as long as it takes."""
        status = f'{{"state": "WAITING", "reason": "{reason}", "written": "%FT%TZ"}}'
        write = f"while :; do date -u '+{status}' > /run/ntsbox/new; mv /run/ntsbox/new /run/ntsbox/status.json; sleep 1; done"
        box.run("systemctl", "stop", "ntsboxd.service", "made-up-status.service", check=False)
        box.run("mkdir", "-p", "/run/ntsbox")
        box.run("systemd-run", "--unit=made-up-status", "sh", "-c", write)
        wait_until(lambda: box.run("grep", reason, "/run/ntsbox/status.json", check=False).returncode == 0, 30, "the status file")


if __name__ == "__main__":
    enter_namespaces()
    private_kernel_files()
    unittest.main(verbosity=2)
