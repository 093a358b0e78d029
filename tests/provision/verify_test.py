#!/usr/bin/env python3
"""verify and doctor, on a box whose daemons are all real, well and in many kinds of trouble."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from machine import Machine, private_networks  # noqa: E402
from rig import enter_namespaces, wait_until  # noqa: E402
from rigged import RiggedClass  # noqa: E402

BOX = "box.test"
CONF = """clientloglimit 4194304
refclock SOCK /run/chrony.ntsbox.sock refid GPS poll 0 filter 1
ntsservercert /etc/chrony/nts/server.key
ntsserverkey /etc/chrony/nts/server.key
ntsdumpdir /var/lib/chrony
allow 127.0.0.1
allow 10.0.0.0/8
authselectmode require
confdir /etc/chrony/conf.d
sourcedir /etc/chrony/sources.d
"""


class Box:
    """A machine with a receiver: a box that ntsbox-provision made, or one made by hand that answers faster."""

    offset = "0.0001"  # by how much the machine's clock is slow, in seconds

    def __init__(self, rig, by_hand):
        self.machine = Machine(rig, "box")
        self.processes = {}
        if by_hand:
            self.provision_by_hand()
        else:
            self.machine.run("ntsbox-provision", "--yes", "--name", BOX, "--receiver", "/run/gps", "--pulse",
                             "stream:/run/pulses.sock", "--airgap", "--allow", "10.0.0.0/8")

    def provision_by_hand(self):
        run = self.machine.run
        run("install", "-d", "-m", "0700", "/etc/ntsbox", "/etc/ntsbox/pki")
        run("chmod", "0755", "/etc/ntsbox")
        run("install", "-d", "-m", "0750", "-g", "_chrony", "/etc/chrony/nts")
        self.issue()
        self.write("/etc/chrony/chrony.conf", CONF)
        self.write("/etc/ntsbox/ntsboxd.toml", '[pulse]\nsource = "stream:/run/pulses.sock"\n')
        self.write("/etc/ntsbox/gpsd.env", 'DEVICES="/run/gps"\nGPSD_OPTIONS="-n"\n')

    def write(self, path, text):
        self.machine.path(path).write_text(text)

    def issue(self, *options):
        """A certificate by another tool than ours, where provision would put it."""
        self.machine.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                         "-days", "3000", "-subj", f"/CN={BOX}", "-addext", f"subjectAltName=DNS:{BOX}",
                         "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature",
                         "-addext", "extendedKeyUsage=serverAuth",
                         "-keyout", "/etc/ntsbox/pki/server.key", "-out", "/etc/ntsbox/pki/server.crt", *options)
        self.serve()

    def serve(self):
        run = self.machine.run
        run("sh", "-c", "cd /etc/ntsbox/pki && cat server.key server.crt > ../pair")
        run("install", "-m", "0640", "-g", "_chrony", "/etc/ntsbox/pair", "/etc/chrony/nts/server.key")
        run("install", "-m", "0644", "/etc/ntsbox/pki/server.crt", "/etc/chrony/nts/server.crt")
        run("chmod", "0600", "/etc/ntsbox/pki/server.key")
        run("chmod", "0644", "/etc/ntsbox/pki/server.crt")

    def start_sim(self, *options):
        self.processes["sim"] = self.machine.start("sim", "ntsbox-sim", "--pty", "/run/gps", "--pulses", "/run/pulses.sock",
                                                   "--control", "/run/sim.sock", "--offset", self.offset, *options)
        wait_until(self.machine.path("/run/gps").is_symlink, 20, "ntsbox-sim")
        self.machine.run("chmod", "0666", "/run/pulses.sock")

    def start_chronyd(self):
        self.processes["chronyd"] = self.machine.start_chronyd()
        self.machine.run("chown", "_ntsbox", "/run/chrony.ntsbox.sock")

    def start_gpsd(self):
        self.processes["gpsd"] = self.machine.start_gpsd()

    def start_ntsboxd(self):
        self.processes["ntsboxd"] = self.machine.start_ntsboxd()

    def start(self):
        for part in ("sim", "chronyd", "gpsd", "ntsboxd"):
            getattr(self, f"start_{part}")()

    def stop(self, part):
        self.processes.pop(part).stop()

    def restart(self, part):
        self.stop(part)
        getattr(self, f"start_{part}")()

    def tell_sim(self, command):
        self.machine.run("ntsbox-sim", "--send", "/run/sim.sock", command)

    def ask(self, verb):
        """The exit status, and the findings by verdict: {"failed": {name: finding}, ...}."""
        done = self.machine.run("ntsbox-provision", verb, "--json", check=False)
        told = json.loads(done.stdout)
        findings = {"ok": {}, "warning": {}, "failed": {}}
        for finding in told["findings"]:
            findings[finding["verdict"]].setdefault(finding["name"], finding)
        return done.returncode, findings

    def status(self):
        """What ntsboxd wrote; empty while there is none."""
        path = self.machine.path("/run/ntsbox/status.json")
        return json.loads(path.read_text()) if path.exists() else {}

    def wait_for_time(self):
        wait_until(lambda: self.status().get("state") == "LOCKED", 60, "ntsboxd locked")
        wait_until(lambda: "#* GPS" in self.machine.chronyc("sources"), 60, "chronyd follows GPS")


class Checks(RiggedClass):
    by_hand = True

    @classmethod
    def prepare(cls):
        private_networks()
        cls.box = Box(cls.rig, cls.by_hand)
        cls.box.start()
        cls.first = cls.box.ask("verify")
        cls.box.wait_for_time()

    def assert_fails(self, verb, name, what, cure):
        """This finding, with these words; and the exit status says so."""
        status, findings = self.box.ask(verb)
        self.assertEqual(status, 5, findings)
        self.assertIn(name, findings["failed"], findings)
        self.assertIn(what, findings["failed"][name]["what"])
        self.assertIn(cure, findings["failed"][name]["cure"])
        return findings


class Well(Checks):
    by_hand = False

    def test_a_box_that_has_just_started_is_waited_for(self):
        status, findings = self.first
        self.assertEqual((status, findings["failed"]), (0, {}))

    def test_nothing_is_found(self):
        for verb in ("verify", "doctor"):
            status, findings = self.box.ask(verb)
            # The table of leap seconds is as old as this machine's tzdata.
            findings["warning"].pop("leap-seconds", None)
            self.assertEqual((status, findings["failed"], findings["warning"]), (0, {}, {}))
            self.assertIn("authenticated time", findings["ok"]["handshake"]["what"])

    def test_people_are_told_the_same(self):
        done = self.box.machine.run("ntsbox-provision", "verify")
        self.assertIn("ok       handshake      box.test answers with authenticated time\n", done.stdout)
        self.assertIn(" 0 failed\n", done.stdout)

    def test_nothing_is_left_behind(self):
        def tree():
            return self.box.machine.run("find", "/etc", "/run", "/tmp", "/var/lib/ntsbox", "-not", "-name", "status.json*",
                                        "-newermt", "2000-01-01", "-printf", "%p %m %u %C@\\n").stdout
        before = tree()
        self.box.ask("verify")
        after = [line for line in tree().splitlines() if not line.startswith("/run/ntsbox ")]
        self.assertEqual(after, [line for line in before.splitlines() if not line.startswith("/run/ntsbox ")])

    def test_an_image_is_judged_by_its_files(self):
        self.box.machine.run("sh", "-c", "mkdir /tmp/image; cp -a /etc /tmp/image")
        done = self.box.machine.run("ntsbox-provision", "verify", "--root", "/tmp/image", "--json", check=False)
        findings = {finding["name"]: finding["verdict"] for finding in json.loads(done.stdout)["findings"]}
        self.assertEqual(findings["image"], "warning")
        self.assertEqual((findings["permissions"], findings["certificate"], findings["key"]), ("ok", "ok", "ok"))
        self.assertNotIn("handshake", findings)


class Spoilt(Checks):
    """What is wrong with files and with chronyd; the feed goes on."""

    def test_the_key_is_readable_by_all(self):
        self.box.machine.run("chmod", "0644", "/etc/chrony/nts/server.key")
        try:
            self.assert_fails("verify", "permissions", "server.key is 0644 root:_chrony and must be 0640", "ntsbox-provision apply")
        finally:
            self.box.serve()

    def test_the_key_is_another_one(self):
        self.box.machine.run("sh", "-c", "openssl genpkey -algorithm ed25519 | cat - /etc/ntsbox/pki/server.crt > /etc/chrony/nts/server.key")
        self.box.restart("chronyd")
        try:
            findings = self.assert_fails("verify", "key", "is not the certificate's", "ntsbox-provision apply")
            self.assertIn("do key and certificate fit", findings["failed"]["handshake"]["cure"])
        finally:
            self.box.serve()
            self.box.restart("chronyd")

    def test_chronyd_still_has_the_certificate_of_before(self):
        self.box.issue()
        try:
            self.assert_fails("verify", "handshake", "certificate is NOT trusted", "systemctl restart chrony")
        finally:
            self.box.restart("chronyd")

    def test_a_directive_that_chronyd_does_not_know(self):
        self.box.write("/etc/chrony/conf.d/own.conf", "alow all\n")
        try:
            self.assert_fails("verify", "configuration", "conf.d/own.conf", "mend what you added")
        finally:
            self.box.machine.path("/etc/chrony/conf.d/own.conf").unlink()

    def test_chronyd_is_stopped(self):
        self.box.stop("chronyd")
        try:
            findings = self.assert_fails("doctor", "chronyd", "does not answer", "systemctl status chrony")
            self.assertIn("handshake", findings["failed"])
            self.assertIn("sockets", findings["failed"])
        finally:
            self.box.start_chronyd()

    def test_the_command_port_is_open_and_a_source_is_not_authenticated(self):
        self.box.write("/etc/chrony/conf.d/own.conf", "bindcmdaddress 0.0.0.0\n")
        self.box.write("/etc/chrony/sources.d/own.sources", "server 127.0.0.9\n")
        self.box.restart("chronyd")
        try:
            findings = self.assert_fails("doctor", "sockets", "323/udp", "conf.d")
            self.assertIn("127.0.0.9 is not authenticated", findings["warning"]["authentication"]["what"])
            self.assertIn("no upstream answers", findings["warning"]["upstream"]["what"])
        finally:
            self.box.machine.run("rm", "/etc/chrony/conf.d/own.conf", "/etc/chrony/sources.d/own.sources")
            self.box.restart("chronyd")

    def test_nobody_is_allowed(self):
        self.box.write("/etc/chrony/chrony.conf", CONF.replace("allow 127.0.0.1\nallow 10.0.0.0/8\n", ""))
        self.box.restart("chronyd")
        try:
            self.assert_fails("verify", "handshake", "TLS", "journalctl -u chrony")
        finally:
            self.box.write("/etc/chrony/chrony.conf", CONF)
            self.box.restart("chronyd")

    def test_the_daemon_may_not_write_to_the_socket(self):
        # Not since chronyd was restarted, by the test before.
        wait_until(lambda: self.box.status()["chrony"]["takes_samples"], 20, "chronyd takes samples")
        self.box.machine.run("chown", "root", "/run/chrony.ntsbox.sock")
        try:
            wait_until(lambda: self.box.status()["chrony"]["takes_samples"] is False, 20, "ntsboxd notices")
            self.assert_fails("doctor", "samples", "no permission to write to /run/chrony.ntsbox.sock", "systemctl restart chrony")
        finally:
            self.box.machine.run("chown", "_ntsbox", "/run/chrony.ntsbox.sock")
            wait_until(lambda: self.box.status()["chrony"]["takes_samples"], 20, "ntsboxd recovers")


class Starved(Checks):
    """The feed is cut, at each of its links."""

    def test_no_pulse(self):
        self.box.tell_sim("pulse off")
        wait_until(lambda: not self.box.status()["pps"]["pulses_come"], 30, "ntsboxd misses the pulses")
        try:
            self.assert_fails("doctor", "pulse", "no pulses arrive", "PPS wire")
        finally:
            self.box.tell_sim("pulse on")
            self.box.wait_for_time()

    def test_no_fix(self):
        self.box.tell_sim("fix off")
        wait_until(lambda: self.box.status()["receiver"]["fix_mode"] < 2, 30, "ntsboxd misses the fix")
        try:
            findings = self.assert_fails("doctor", "fix", "no fix", "view of the sky")
            self.assertIn("view of the sky", findings["failed"]["samples"]["cure"])
        finally:
            self.box.tell_sim("fix on")
            self.box.wait_for_time()

    def test_no_samples_for_chronyd(self):
        self.box.stop("ntsboxd")
        self.box.machine.run("rm", "-f", "/run/ntsbox/status.json")
        wait_until(lambda: self.box.machine.chronyc("-c", "sources").split(",")[5] == "0", 30, "reach 0")
        try:
            findings = self.assert_fails("doctor", "ntsboxd", "does not run", "systemctl status ntsboxd")
            self.assertIn("reach 0", findings["failed"]["refclock"]["what"])
        finally:
            self.box.start_ntsboxd()
            self.box.wait_for_time()

    def test_the_simulator_is_stopped(self):
        """As in a container whose receiver is unplugged: it is waited for, and then the cause is named."""
        self.box.stop("gpsd")
        self.box.stop("sim")
        try:
            status, findings = self.box.ask("verify")
            self.assertEqual(status, 5, findings)
            self.assertIn("pulses.sock", findings["failed"]["pulse"]["what"])
            self.assertIn("gpsd", findings["failed"])
            self.assertIn("gpsd does not listen", findings["failed"]["sockets"]["what"])
        finally:
            self.box.start_sim()
            self.box.start_gpsd()
            self.box.wait_for_time()


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
