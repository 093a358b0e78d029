#!/usr/bin/env python3
"""Years of service: a new certificate, a CA elsewhere, a dead SD card. What clients make of each.

Real chronyds on both ends, each on a machine of its own."""

import contextlib
import hashlib
import os
import pathlib
import re
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from machine import Machine, join, private_networks  # noqa: E402
from rig import enter_namespaces, wait_until  # noqa: E402
from rigged import Rigged  # noqa: E402

BOX = "10.77.0.1"
SETTINGS = ("--board", "generic", "--pulse", "stream:/run/ntsbox-sim/pulses.sock", "--receiver", "/dev/ttyUSB0",
            "--airgap", "--allow", "10.0.0.0/8")
SYSTEMCTL = """#!/bin/sh
[ "$*" = "restart chrony.service" ] || exit 0
kill "$(cat /run/chrony/chronyd.pid)"
while [ -e /run/chrony/chronyd.pid ]; do sleep 0.1; done
chronyd -x -F 1
"""
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class Box:
    """What ntsbox-provision makes of a machine. It has no receiver: its own clock serves, as an owner's addition says."""

    def __init__(self, rig, name, host="box"):
        self.machine = Machine(rig, name)
        self.machine.path("/etc/hostname").write_text(host + "\n")
        self.machine.path("/etc/chrony/conf.d/local.conf").write_text("local stratum 1\n")
        self.chronyd = None

    def provision(self, *words, status=0):
        done = self.machine.run("ntsbox-provision", *words, check=False)
        if done.returncode != status:
            raise AssertionError(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def restart(self):
        """As a run does where systemd runs."""
        if self.chronyd:
            self.chronyd.stop()
        self.chronyd = self.machine.start_chronyd()

    @contextlib.contextmanager
    def systemd(self):
        """A fake, which knows how to restart chronyd and says yes to all else. Afterwards chronyd is the rig's again."""
        folder = self.machine.path("/run/systemd/system")
        folder.mkdir(parents=True)
        script = self.machine.path("/usr/local/bin/systemctl")
        script.write_text(SYSTEMCTL)
        script.chmod(0o755)
        try:
            yield
        finally:
            script.unlink()
            folder.rmdir()
            place = self.machine.path("/run/chrony/chronyd.pid")
            os.kill(int(place.read_text()), signal.SIGTERM)
            wait_until(lambda: not place.exists(), 20, "chronyd's end")
            self.chronyd = self.machine.start_chronyd()

    def bundle(self):
        self.machine.path("/tmp/bundle.tar").unlink(missing_ok=True)
        self.provision("bundle", "--output", "/tmp/bundle.tar")
        return self.machine.path("/tmp/bundle.tar").read_bytes()

    def read(self, path):
        return self.machine.path(path).read_text()

    def take(self, name, content):
        self.machine.path(f"/tmp/{name}").write_bytes(content)
        return f"/tmp/{name}"


class Client:
    def __init__(self, rig, name):
        self.machine = Machine(rig, name)
        with open(self.machine.path("/etc/hosts"), "a") as hosts:
            hosts.write(f"{BOX} box box.test\n")
        self.chronyd = None

    def trust(self, bundle, *options):
        """Without asking the box, as a rule: whether it is right to trust it the client's chronyd shall say."""
        self.machine.path("/tmp/bundle.tar").write_bytes(bundle)
        self.machine.run("ntsbox-provision", "trust", "--hash", hashlib.sha256(bundle).hexdigest(), *options, "/tmp/bundle.tar")

    def trusted(self):
        return {path.read_text() for path in self.machine.path("/etc/chrony/nts/trusted/box.test").iterdir()}

    def start(self):
        """Without the cookies of an earlier run: it must authenticate the box anew."""
        if self.chronyd:
            self.chronyd.stop()
        for cookies in self.machine.path("/var/lib/chrony").glob("*.nts"):
            cookies.unlink()
        self.chronyd = self.machine.start_chronyd()

    def authdata(self):
        """NAKs and cookies (chronyc(1)) of the one server, which chronyd may not have read yet."""
        lines = self.machine.chronyc("-c", "authdata").splitlines()
        if len(lines) > 1:
            raise AssertionError(lines)
        fields = lines[0].split(",") if lines else [0] * 9
        return int(fields[7]), int(fields[8])

    def answers(self):
        """How many authenticated answers it took. Later chronyds tell more after it."""
        found = re.search(r"^Total good RX +: (\d+)$", self.machine.chronyc("ntpdata"), re.MULTILINE)
        return int(found.group(1)) if found else 0

    def wait_until_authenticated(self):
        wait_until(lambda: self.authdata()[1] > 0, 20, f"cookies ({self.chronyd.log})")
        wait_until(lambda: self.answers() > 0, 20, f"an authenticated answer ({self.chronyd.log})")

    def wait_until_refused(self):
        self.chronyd.wait_for("TLS handshake with")
        self.chronyd.wait_for("certificate")
        if self.authdata()[1] > 0:
            raise AssertionError("it has cookies")


class Years(Rigged):
    clients = ("client",)

    def setUp(self):
        private_networks()
        self.box = Box(self.rig, "box")
        for number, name in enumerate(self.clients):
            setattr(self, name, Client(self.rig, name))
            self.wire(self.box, getattr(self, name), number)

    def wire(self, box, client, number):
        if number == 0:
            join(box.machine, client.machine, BOX, "10.77.0.2")
            return
        # The box answers at its one address on each wire.
        join(box.machine, client.machine, f"10.77.{number}.1", f"10.77.{number}.2")
        client.machine.run("ip", "route", "add", BOX, "via", f"10.77.{number}.1")


class Pinned(Years):
    clients = ("told", "left_out")

    def test_a_rotation_leaves_no_client_behind_that_was_told(self):
        self.box.provision("apply", "--yes", "--offline", "--name", "box.test", *SETTINGS)
        self.box.restart()
        first = self.box.bundle()
        for client in (self.told, self.left_out):
            client.trust(first, "--offline")
        served = self.box.read("/etc/chrony/nts/server.crt")

        self.box.provision("renew")
        self.assertEqual(self.box.read("/etc/chrony/nts/server.crt"), served)
        following = self.box.read("/etc/ntsbox/pki/next/server.crt")
        self.told.trust(self.box.bundle())
        self.assertEqual(self.told.trusted(), {served, following})
        self.told.start()
        self.told.wait_until_authenticated()

        self.assertIn("--yes", self.box.provision("renew", "--switch", status=2))
        with self.box.systemd():
            self.assertIn("answers with authenticated time", self.box.provision("renew", "--switch", "--yes"))
        self.assertEqual(self.box.read("/etc/chrony/nts/server.crt"), following)
        # Its cookies are as good as before.
        before = self.told.answers()
        self.told.machine.chronyc("burst", "1/1")
        wait_until(lambda: self.told.answers() > before, 20, "an answer to an old cookie")
        self.assertEqual(self.told.authdata()[0], 0)
        # And so is what it trusts.
        self.told.start()
        self.told.wait_until_authenticated()
        self.left_out.start()
        self.left_out.wait_until_refused()
        # The bundle forgets the one before.
        self.told.trust(self.box.bundle())
        self.assertEqual(self.told.trusted(), {following})
        self.told.start()
        self.told.wait_until_authenticated()

        self.box.provision("rollback", "--yes")
        self.assertEqual(self.box.read("/etc/chrony/nts/server.crt"), served)
        self.box.restart()
        self.left_out.start()
        self.left_out.wait_until_authenticated()
        self.told.start()
        self.told.wait_until_refused()


class Signed(Years):
    """The CA lives on the client here, for want of a third machine, where no program uses it."""

    def office(self, *words, status=0):
        done = self.client.machine.run(*NOBODY, "ntsbox-provision", *words, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def sign(self):
        """The box's request, taken to the CA; gives what it signed."""
        asked = self.box.provision("request", "--output", "/tmp/box.csr")
        self.client.machine.path("/tmp/box.csr").write_text(self.box.read("/tmp/box.csr"))
        said = self.office("ca", "sign", "/tmp/box.csr", "--yes", "--authority", "/tmp/ca")
        # One key, seen on both sides.
        self.assertIn(re.search("([0-9A-F]{2}:){31}[0-9A-F]{2}", asked).group(), said)
        return self.client.machine.path("/tmp/box.crt").read_bytes()

    def test_clients_trust_the_ca_and_hear_of_no_renewal(self):
        self.office("ca", "init", "--name", "box.test", "--output", "/tmp/ca")
        key = self.client.machine.path("/tmp/ca/ca.key")
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        content = key.read_text()
        self.office("ca", "init", "--name", "box.test", "--output", "/tmp/ca", status=1)
        self.assertEqual(key.read_text(), content)

        self.box.provision("apply", "--yes", "--offline", "--ca", "--name", "box.test", *SETTINGS)
        self.assertFalse(self.box.machine.path("/etc/chrony/nts/server.key").exists())
        signed = self.sign()
        self.assertNotIn(b"PRIVATE KEY", signed)
        self.assertIn("ntsbox-provision` again", self.box.provision("import", self.box.take("box.crt", signed)))
        self.box.provision("apply", "--yes", "--offline")
        self.box.restart()
        self.client.trust(self.box.bundle(), "--offline")
        self.client.start()
        self.client.wait_until_authenticated()

        served = self.box.read("/etc/chrony/nts/server.crt")
        self.box.provision("import", self.box.take("old.crt", signed))
        self.assertEqual(self.box.read("/etc/chrony/nts/server.crt"), served)
        self.box.provision("renew")
        self.box.provision("import", self.box.take("box.crt", self.sign()))
        self.assertNotEqual(self.box.read("/etc/chrony/nts/server.crt"), served)
        self.box.restart()
        self.client.start()
        self.client.wait_until_authenticated()

    def test_what_another_request_gave_is_not_imported(self):
        self.office("ca", "init", "--name", "box.test", "--output", "/tmp/ca")
        self.box.provision("apply", "--yes", "--offline", "--ca", "--name", "box.test", *SETTINGS)
        signed = self.sign()
        self.box.provision("renew", "--abort")
        self.assertIn("request makes one", self.box.provision("import", self.box.take("box.crt", signed), status=1))
        self.box.provision("request")
        self.assertIn("not made of the request", self.box.provision("import", "/tmp/box.crt", status=1))
        self.assertFalse(self.box.machine.path("/etc/ntsbox/pki/server.key").exists())


class Restored(Years):
    def test_a_fresh_machine_takes_the_place_of_a_dead_one(self):
        """Its host name is another, and its clients know it by the old one's."""
        self.box.provision("apply", "--yes", "--offline", "--address", BOX, *SETTINGS)
        self.box.restart()
        self.client.trust(self.box.bundle(), "--offline")
        self.client.start()
        self.client.wait_until_authenticated()
        phrase = self.box.take("phrase", b"several plain words\n")
        settings = self.box.machine.path("/etc/ntsbox/ntsboxd.toml")
        settings.write_text(settings.read_text() + "cable_delay_ns = 100\n")
        self.box.provision("backup", "--output", "/tmp/backup", "--passphrase-file", phrase)
        place = self.box.machine.path("/tmp/backup")
        backup = place.read_bytes()
        self.assertEqual(place.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(b"PRIVATE KEY", backup)
        self.box.provision("backup", "--output", "/tmp/backup", "--passphrase-file", phrase, status=1)
        self.assertEqual(place.read_bytes(), backup)

        self.box.chronyd.stop()
        self.box.machine.run("ip", "link", "delete", self.client.machine.name)
        fresh = Box(self.rig, "fresh", "raspberrypi")
        self.wire(fresh, self.client, 0)
        wrong = fresh.take("wrong", b"several other words\n")
        fresh.provision("restore", fresh.take("backup", backup), "--passphrase-file", wrong, status=1)
        said = fresh.provision("restore", "/tmp/backup", "--passphrase-file", fresh.take("phrase", b"several plain words\n"))
        self.assertIn("ntsboxd.toml.restored", said)
        fresh.provision("apply", "--yes", "--offline")
        self.assertIn("cable_delay_ns = 100", fresh.read("/etc/ntsbox/pki/ntsboxd.toml.restored"))
        self.assertEqual(fresh.read("/etc/chrony/nts/server.key"), self.box.read("/etc/chrony/nts/server.key"))
        fresh.restart()
        self.client.start()
        self.client.wait_until_authenticated()

    def test_another_identity_is_not_replaced_unasked(self):
        self.box.provision("apply", "--yes", "--offline", *SETTINGS)
        phrase = self.box.take("phrase", b"several plain words\n")
        self.box.provision("backup", "--output", "/tmp/backup", "--passphrase-file", phrase)
        key = self.box.read("/etc/ntsbox/pki/server.key")
        self.box.provision("uninstall", "--yes", "--keys")
        self.box.provision("apply", "--yes", "--offline", *SETTINGS)
        other = self.box.read("/etc/ntsbox/pki/server.key")
        self.assertNotEqual(other, key)
        self.box.provision("restore", "/tmp/backup", "--passphrase-file", phrase, status=2)
        self.assertEqual(self.box.read("/etc/ntsbox/pki/server.key"), other)
        self.box.provision("restore", "/tmp/backup", "--passphrase-file", phrase, "--yes")
        self.box.provision("apply", "--yes", "--offline")
        self.assertIn(key, self.box.read("/etc/chrony/nts/server.key"))


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
