#!/usr/bin/env python3
"""Stratum 2 trusts a box with the bundle alone: by `ntsbox-provision trust` and by what the server shows to type.

Real chronyds on both ends, each on a machine of its own."""

import hashlib
import io
import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from pair import ADDRESS, BOX, Pair  # noqa: E402
from rig import enter_namespaces, wait_until  # noqa: E402

class ByTrust(Pair):
    def tearDown(self):
        self.client.run("ntsbox-provision", "trust", "--remove", BOX, check=False)
        self.client.run("ntsbox-provision", "uninstall", "--yes", check=False)

    def test_the_bundle_is_enough_and_can_be_taken_out_again(self):
        self.assertIn("answers with authenticated time", self.trust())
        self.assert_authenticated()
        self.assertIn("nothing to do", self.trust())
        self.trust("--remove", BOX, bundle=None)
        for path in self.tree():
            self.assertNotIn("ntsbox-", path)
            self.assertNotIn(f"trusted/{BOX}", path)

    def test_machines_are_told_the_fingerprint_that_openssl_sees(self):
        told = self.trust("--json", json_too=True)
        seen = subprocess.run(["openssl", "x509", "-in", self.box.certificates["server"][0], "-noout", "-fingerprint",
                               "-sha256"], check=True, capture_output=True, text=True).stdout.strip().split("=")[1]
        self.assertEqual([one["certificate_sha256"] for one in told["certificates"]], [seen])
        self.assertIn(seen, self.trust())

    def test_machines_are_told_whether_anything_was_changed(self):
        for changed in True, False:
            self.assertIs(self.trust("--offline", "--json", json_too=True)["changed"], changed)
        self.assertEqual(self.trust("--remove", BOX, "--json", bundle=None, json_too=True), {"changed": True, "removed": BOX})

    def test_nobody_is_trusted_unless_the_hash_was_compared(self):
        for options in (), ("--yes",):
            said = self.trust(*options, compared=None, status=2)
            self.assertIn("--hash HASH", said)
            self.assertIn(f"  {self.box.shown_hash()[:8]} ", said)
        for no_hash in "0", "g" * 64, self.box.shown_hash()[:-1]:
            self.trust(compared=no_hash, status=2)
        self.assert_nothing_changed()

    def ask(self, answer):
        """What stands on a terminal at which somebody gives this answer, and the exit status."""
        ours, theirs = pty.openpty()
        try:
            trust = subprocess.Popen(self.client.command("ntsbox-provision", "trust", "--offline", "/tmp/bundle.tar"), stdin=theirs,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            os.write(ours, answer)
            return trust.communicate()[0], trust.returncode
        finally:
            os.close(ours)
            os.close(theirs)

    def test_the_hash_is_shown_and_asked_about_before_the_bundle_is_read(self):
        self.put(b"no archive at all")
        said, status = self.ask(b"n\n")
        self.assertEqual(status, 1, said)
        self.assertIn(hashlib.sha256(b"no archive at all").hexdigest()[:8], said)
        self.assertNotIn("archive", said)
        self.assertIn("archive", self.ask(b"y\n")[0])
        self.assert_nothing_changed()
        self.put(self.bundle)
        said, status = self.ask(b"y\n")
        self.assertEqual(status, 0, said)
        self.assertIn(self.box.shown_hash()[-8:], said)

    def test_the_hash_is_that_of_the_file(self):
        self.assertEqual(self.box.shown_hash(), hashlib.sha256(self.bundle).hexdigest())
        again = self.box.machine.run("ntsbox-provision", "bundle", "--json", "--output", "/tmp/again.tar").stdout
        self.assertEqual(json.loads(again)["sha256"], self.box.shown_hash())

    def test_a_foreign_certificate_for_the_same_name_is_refused(self):
        self.box.put("foreign", "server")
        try:
            self.put(self.box.bundle())
            self.assertIn("compare its", self.trust(status=5))
        finally:
            self.box.put("server", "server")
            self.box.bundle()
        self.assert_nothing_changed()

    def test_a_server_that_does_not_answer_is_not_trusted_but_offline(self):
        self.box.stop()
        try:
            self.assertIn("4460/tcp", self.trust(status=5))
            self.assert_nothing_changed()
            self.assertIn("not asked", self.trust("--offline"))
        finally:
            self.box.start()
        self.assert_authenticated()

    def test_the_proof_leaves_a_running_chronyd_alone(self):
        self.trust("--offline")
        chronyd = self.client.start_chronyd()
        try:
            self.trust("--server", ADDRESS)
            self.assertTrue(chronyd.running())
            wait_until(lambda: self.cookies() > 0, 20, "chronyc reaches the running chronyd")
        finally:
            chronyd.stop()

    def test_the_box_can_be_asked_by_its_address(self):
        self.trust("--server", ADDRESS)
        self.assertIn(f"server {ADDRESS} ", self.client.path(f"/etc/chrony/sources.d/ntsbox-{BOX}.sources").read_text())
        self.assert_authenticated()

    def test_a_name_that_the_certificate_lacks_is_refused(self):
        self.assertIn("box.local", self.trust("--server", "evil.test", status=2))
        self.trust("--server", "a b", status=2)
        self.assert_nothing_changed()

    def test_a_name_without_an_address_here_is_told(self):
        self.assertIn("no address here", self.trust("--server", "box.local", status=5))
        self.assert_nothing_changed()

    def test_each_box_has_a_set_of_its_own(self):
        self.client.path("/etc/chrony/conf.d/own.conf").write_text("ntstrustedcerts 1 /etc/ssl/certs/some.pem\n")
        try:
            self.trust()
            conf = self.client.path(f"/etc/chrony/conf.d/ntsbox-{BOX}.conf")
            self.assertEqual(conf.read_text(), f"ntstrustedcerts 2 /etc/chrony/nts/trusted/{BOX}\n")
        finally:
            self.client.path("/etc/chrony/conf.d/own.conf").unlink()

    def test_a_configuration_that_reads_neither_folder_is_told_what_to_add(self):
        conf = self.client.path("/etc/chrony/chrony.conf")
        text = conf.read_text()
        conf.write_text(text.replace("confdir /etc/chrony/conf.d", ""))
        try:
            self.assertIn("`confdir /etc/chrony/conf.d`", self.trust(status=1))
        finally:
            conf.write_text(text)
        self.assert_nothing_changed()

    def put_with_hash(self, content):
        """Its hash, for somebody who compares carelessly."""
        self.put(content)
        return hashlib.sha256(content).hexdigest()

    def test_junk_is_no_bundle(self):
        self.trust(compared=self.put_with_hash(b"junk"), status=1)
        self.trust(bundle="/nowhere.tar", status=1)
        self.trust(bundle="/dev/zero", status=1)
        key = self.box.certificates["server"][1].read_bytes()
        out = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(self.bundle)) as good, tarfile.open(fileobj=out, mode="w") as bad:
            for member in good:
                bad.addfile(member, good.extractfile(member) if member.isfile() else None)
            member = tarfile.TarInfo("ntsbox-bundle/trusted/more.crt")
            member.size = len(key)
            bad.addfile(member, io.BytesIO(key))
        self.assertIn("private key", self.trust(compared=self.put_with_hash(out.getvalue()), status=1))
        self.assert_nothing_changed()


class ByScript(Pair):
    """On a machine without ntsbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("ntsbox-provision", "ntsboxd"):
            cls.client.path(f"/usr/sbin/{name}").unlink()

    def setUp(self):
        super().setUp()
        self.unpack()

    def tearDown(self):
        self.unpack()
        self.install("--remove")

    def test_what_the_server_shows_is_enough_and_can_be_taken_out_again(self):
        self.client.run("rm", "-r", "/tmp/ntsbox-bundle")
        done = self.type()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("bundle.tar: OK", done.stdout)
        self.assert_authenticated()
        self.install("--remove")
        self.assertEqual({path for path in self.tree() if "ntsbox-" in path or BOX in path}, set())

    def test_it_shows_the_certificate(self):
        seen = subprocess.run(["openssl", "x509", "-in", self.box.certificates["server"][0], "-noout", "-fingerprint",
                               "-sha256"], check=True, capture_output=True, text=True).stdout.strip().split("=")[1]
        said = self.install("--offline")
        self.assertIn(seen, said)
        self.assertIn(f"names        {BOX}, box.local, {ADDRESS}", said)
        self.assertEqual(self.trusted(), [self.box.certificates["server"][0].read_text()])

    def test_it_reads_nothing_that_lies_beside_it(self):
        """Somebody put a folder there before the bundle was unpacked."""
        folder = self.client.path("/tmp/ntsbox-bundle")
        foreign = self.box.certificates["foreign"][0].read_text()
        for path in [*folder.glob("trusted/*.crt"), folder / "trusted/more.crt"]:
            path.write_text(foreign)
        (folder / "ntsbox.sources").write_text("server evil.test iburst nts\n")
        (folder / "ntsbox-trust.conf").write_text("user root\n")
        self.install()
        self.assertEqual(self.trusted(), [self.box.certificates["server"][0].read_text()])
        self.assertEqual([path for path in self.tree() if "evil" in path], [])
        self.assert_authenticated()

    def test_a_server_with_another_certificate_is_refused_and_nothing_stays(self):
        self.box.put("foreign", "server")
        try:
            self.put(self.box.bundle())
        finally:
            self.box.put("server", "server")
            self.box.bundle()
        self.unpack()
        self.assertIn("certificate is NOT trusted", self.install(status=5))
        self.assertEqual([path for path in self.tree() if BOX in path], [])

    def test_the_box_can_be_asked_by_its_address(self):
        self.install("--server", ADDRESS)
        self.assert_authenticated()

    def test_it_leaves_exactly_the_certificates_of_the_bundle(self):
        self.install()
        more = self.client.path(f"/etc/chrony/nts/trusted/{BOX}/old.crt")
        more.write_text(self.box.certificates["next"][0].read_text())
        self.install()
        self.assertEqual(self.trusted(), [self.box.certificates["server"][0].read_text()])

    def test_names_that_could_become_anything_else_are_refused(self):
        for name in ("../../etc/x.test", "a b", "$(reboot)", "-x", "a\nallow"):
            self.install("--server", name, status=2)
        self.assert_nothing_changed()

    def test_it_is_clean(self):
        subprocess.run(["shellcheck", self.client.path("/tmp/ntsbox-bundle/install.sh")], check=True)


class Elsewhere(Pair):
    """On a machine whose chrony.conf is /etc/chrony.conf, and nothing else is there yet."""

    def setUp(self):
        self.client.run("sh", "-c", "rm -rf /etc/chrony /etc/chrony.conf")
        self.conf = self.client.path("/etc/chrony.conf")
        self.conf.write_text("driftfile /var/lib/chrony/drift\n")
        super().setUp()

    def prove(self, run):
        """`run` installs, with the exit status that it is to have."""
        self.assertRegex(run(1), r"(?s)/etc/chrony\.conf does not have .*confdir /etc/chrony/conf\.d.*sourcedir /etc/chrony/sources\.d")
        self.assertEqual(self.tree(), self.before)
        with open(self.conf, "a") as conf:
            conf.write("confdir /etc/chrony/conf.d\nsourcedir /etc/chrony/sources.d\n")
        run(0)
        self.assert_authenticated("-f", "/etc/chrony.conf")

    def test_trust(self):
        self.prove(lambda status: self.trust(status=status))

    def test_what_the_server_shows(self):
        def run(status):
            done = self.type()
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            return done.stdout + done.stderr
        self.prove(run)


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
