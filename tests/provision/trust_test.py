#!/usr/bin/env python3
"""Stratum 2 trusts a box with the bundle alone: by `ntsbox-provision trust` and by the bundle's own install.sh.

Real chronyds on both ends, each on a machine of its own."""

import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from machine import Machine, join, private_networks  # noqa: E402
from rig import enter_namespaces, wait_until  # noqa: E402
from rigged import RiggedClass  # noqa: E402

BOX = "box.test"
ADDRESS = "10.77.0.1"
PLACES = ("/etc/chrony", "/var/lib/ntsbox")


def certificate(folder, name, box=BOX, address=ADDRESS, days=3000):
    """Made by another tool than ours: paths of a certificate for the name and the address, and of its key."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", str(days), "-subj", f"/CN={box}", "-keyout", key, "-out", crt,
                    "-addext", f"subjectAltName=DNS:{box},DNS:box.local,IP:{address}",
                    "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature",
                    "-addext", "extendedKeyUsage=serverAuth"], check=True, capture_output=True)
    return crt, key


class Box:
    """A server with a certificate, and the bundle that its own ntsbox-provision makes."""

    def __init__(self, rig, name="box", host=BOX, address=ADDRESS):
        self.machine = Machine(rig, name)
        self.certificates = {which: certificate(rig.folder, f"{name}-{which}", host, address)
                             for which in ("server", "next", "foreign")}
        self.machine.path("/etc/ntsbox/pki").mkdir(parents=True, mode=0o700)
        self.machine.path("/etc/chrony/nts").mkdir(mode=0o755)
        self.machine.path("/etc/chrony/chrony.conf").write_text(
            "local stratum 1\nallow\nntsservercert /etc/chrony/nts/server.crt\nntsserverkey /etc/chrony/nts/server.key\n"
            "ntsdumpdir /var/lib/chrony\n")
        self.use("server")
        self.chronyd = None

    def put(self, which, name):
        for path, end in zip(self.certificates[which], ("crt", "key")):
            self.machine.path(f"/etc/ntsbox/pki/{name}.{end}").write_text(path.read_text())

    def use(self, which):
        """Serves with this certificate from the next start on."""
        self.put(which, "server")
        for path, end in zip(self.certificates[which], ("crt", "key")):
            self.machine.path(f"/etc/chrony/nts/server.{end}").write_text(path.read_text())
        self.machine.run("chown", "root:_chrony", "/etc/chrony/nts/server.key")
        self.machine.run("chmod", "0640", "/etc/chrony/nts/server.key")

    def start(self):
        self.chronyd = self.machine.start_chronyd()

    def stop(self):
        self.chronyd.stop()

    def bundle(self, name="bundle.tar", *options):
        self.machine.run("ntsbox-provision", "bundle", "--output", f"/tmp/{name}", *options)
        return self.machine.path(f"/tmp/{name}").read_bytes()


class Pair(RiggedClass):
    @classmethod
    def prepare(cls):
        private_networks()
        cls.box = Box(cls.rig)
        cls.client = Machine(cls.rig, "client")
        join(cls.box.machine, cls.client, ADDRESS, "10.77.0.2")
        with open(cls.client.path("/etc/hosts"), "a") as hosts:
            hosts.write(f"{ADDRESS} {BOX}\n")
        cls.box.start()
        cls.bundle = cls.box.bundle()

    def setUp(self):
        self.put(self.bundle)
        self.before = self.tree()

    # What the client has, and does.

    def put(self, content, name="bundle.tar"):
        self.client.path(f"/tmp/{name}").write_bytes(content)

    def tree(self):
        """What stands below the places that trust may write in: kind, mode, owner and content of each path."""
        found = {}
        for place in PLACES:
            for folder, folders, files in os.walk(self.client.path(place)):
                for name in [*folders, *files]:
                    path = pathlib.Path(folder) / name
                    state = path.lstat()
                    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
                    found[str(path.relative_to(self.client.root))] = (state.st_mode, state.st_uid, state.st_gid, content)
        return found

    def trust(self, *options, bundle="/tmp/bundle.tar", status=0, json_too=False):
        words = ["ntsbox-provision", "trust", *([bundle] if bundle else []), *options]
        done = self.client.run(*words, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if json_too else done.stdout + done.stderr

    def unpack(self):
        self.client.run("sh", "-c", "rm -rf /tmp/ntsbox-bundle; tar -C /tmp -xf /tmp/bundle.tar")

    def install(self, *options, status=0, answer=None):
        done = self.client.run("dash", "/tmp/ntsbox-bundle/install.sh", *options, check=False, input=answer)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def trusted(self, box=BOX):
        folder = self.client.path(f"/etc/chrony/nts/trusted/{box}")
        return sorted(path.read_text() for path in folder.iterdir()) if folder.exists() else []

    def assert_authenticated(self):
        """A chronyd that starts on this machine gets cookies, and then takes its time from the box."""
        chronyd = self.client.start_chronyd()
        try:
            wait_until(lambda: self.cookies() > 0, 20, f"cookies ({chronyd.log})")
            wait_until(lambda: "^*" in self.client.chronyc("sources"), 20, f"the box selected ({chronyd.log})")
        finally:
            chronyd.stop()

    def cookies(self):
        """Of the server that chronyd knows; there must be no more than one."""
        lines = self.client.chronyc("-c", "authdata").splitlines()
        self.assertLessEqual(len(lines), 1, lines)
        return int(lines[0].split(",")[8]) if lines else 0

    def assert_nothing_changed(self):
        self.assertEqual(self.tree(), self.before)


class ByTrust(Pair):
    def tearDown(self):
        self.client.run("ntsbox-provision", "trust", "--remove", BOX, check=False)
        self.client.run("ntsbox-provision", "uninstall", "--yes", check=False)

    def test_the_bundle_is_enough_and_can_be_taken_out_again(self):
        self.assertIn("answers with authenticated time", self.trust("--yes"))
        self.assert_authenticated()
        self.assertIn("nothing to do", self.trust("--yes"))
        self.trust("--remove", BOX, bundle=None)
        for path in self.tree():
            self.assertNotIn("ntsbox-", path)
            self.assertNotIn(f"trusted/{BOX}", path)

    def test_machines_are_told_the_fingerprint_that_openssl_sees(self):
        told = self.trust("--yes", "--json", json_too=True)
        seen = subprocess.run(["openssl", "x509", "-in", self.box.certificates["server"][0], "-noout", "-fingerprint",
                               "-sha256"], check=True, capture_output=True, text=True).stdout.strip().split("=")[1]
        self.assertEqual([one["certificate_sha256"] for one in told["certificates"]], [seen])
        self.assertIn(seen, self.trust("--yes"))

    def test_machines_are_told_whether_anything_was_changed(self):
        for changed in True, False:
            self.assertIs(self.trust("--yes", "--offline", "--json", json_too=True)["changed"], changed)
        self.assertEqual(self.trust("--remove", BOX, "--json", bundle=None, json_too=True), {"changed": True, "removed": BOX})

    def test_nobody_is_trusted_unasked(self):
        self.assertIn("--yes", self.trust(status=2))
        self.assert_nothing_changed()

    def test_a_foreign_certificate_for_the_same_name_is_refused(self):
        self.box.put("foreign", "server")
        try:
            self.put(self.box.bundle("foreign.tar"))
        finally:
            self.box.put("server", "server")
        self.assertIn("compare its fingerprint", self.trust("--yes", status=5))
        self.assert_nothing_changed()

    def test_a_server_that_does_not_answer_is_not_trusted_but_offline(self):
        self.box.stop()
        try:
            self.assertIn("4460/tcp", self.trust("--yes", status=5))
            self.assert_nothing_changed()
            self.assertIn("not asked", self.trust("--yes", "--offline"))
        finally:
            self.box.start()
        self.assert_authenticated()

    def test_the_proof_leaves_a_running_chronyd_alone(self):
        self.trust("--yes", "--offline")
        chronyd = self.client.start_chronyd()
        try:
            self.trust("--yes", "--server", ADDRESS)
            self.assertTrue(chronyd.running())
            wait_until(lambda: self.cookies() > 0, 20, "chronyc reaches the running chronyd")
        finally:
            chronyd.stop()

    def test_the_box_can_be_asked_by_its_address(self):
        self.trust("--yes", "--server", ADDRESS)
        self.assertIn(f"server {ADDRESS} ", self.client.path(f"/etc/chrony/sources.d/ntsbox-{BOX}.sources").read_text())
        self.assert_authenticated()

    def test_a_name_that_the_certificate_lacks_is_refused(self):
        self.assertIn("box.local", self.trust("--yes", "--server", "evil.test", status=2))
        self.trust("--yes", "--server", "a b", status=2)
        self.assert_nothing_changed()

    def test_a_name_without_an_address_here_is_told(self):
        self.assertIn("no address here", self.trust("--yes", "--server", "box.local", status=5))
        self.assert_nothing_changed()

    def test_each_box_has_a_set_of_its_own(self):
        self.client.path("/etc/chrony/conf.d/own.conf").write_text("ntstrustedcerts 1 /etc/ssl/certs/some.pem\n")
        try:
            self.trust("--yes")
            conf = self.client.path(f"/etc/chrony/conf.d/ntsbox-{BOX}.conf")
            self.assertEqual(conf.read_text(), f"ntstrustedcerts 2 /etc/chrony/nts/trusted/{BOX}\n")
        finally:
            self.client.path("/etc/chrony/conf.d/own.conf").unlink()

    def test_a_configuration_that_reads_neither_folder_is_told_what_to_add(self):
        conf = self.client.path("/etc/chrony/chrony.conf")
        text = conf.read_text()
        conf.write_text(text.replace("confdir /etc/chrony/conf.d", ""))
        try:
            self.assertIn("`confdir /etc/chrony/conf.d`", self.trust("--yes", status=1))
        finally:
            conf.write_text(text)
        self.assert_nothing_changed()

    def test_junk_is_no_bundle(self):
        self.put(b"junk")
        self.trust("--yes", status=1)
        self.trust("--yes", bundle="/nowhere.tar", status=1)
        self.trust("--yes", bundle="/dev/zero", status=1)
        key = self.box.certificates["server"][1].read_bytes()
        out = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(self.bundle)) as good, tarfile.open(fileobj=out, mode="w") as bad:
            for member in good:
                bad.addfile(member, good.extractfile(member) if member.isfile() else None)
            member = tarfile.TarInfo("ntsbox-bundle/trusted/more.crt")
            member.size = len(key)
            bad.addfile(member, io.BytesIO(key))
        self.put(out.getvalue())
        self.assertIn("private key", self.trust("--yes", status=1))
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

    def test_the_bundle_is_enough_and_can_be_taken_out_again(self):
        self.install("--yes")
        self.assert_authenticated()
        self.install("--remove")
        self.assertEqual({path for path in self.tree() if "ntsbox-" in path or BOX in path}, set())

    def test_it_shows_the_fingerprint_and_asks(self):
        seen = subprocess.run(["openssl", "x509", "-in", self.box.certificates["server"][0], "-noout", "-fingerprint",
                               "-sha256"], check=True, capture_output=True, text=True).stdout.strip().split("=")[1]
        self.assertIn(seen, self.install(status=1, answer="n\n"))
        self.install(status=1, answer="")
        self.assert_nothing_changed()
        self.install(answer="y\n")
        self.assertEqual(self.trusted(), [self.box.certificates["server"][0].read_text()])

    def test_a_foreign_certificate_is_refused_and_nothing_stays(self):
        foreign = self.box.certificates["foreign"][0].read_text()
        for path in self.client.path("/tmp/ntsbox-bundle/trusted").iterdir():
            path.write_text(foreign)
        said = self.install("--yes", status=5)
        self.assertIn("certificate is NOT trusted", said)
        self.assertEqual([path for path in self.tree() if BOX in path], [])

    def test_the_box_can_be_asked_by_its_address(self):
        self.install("--yes", "--server", ADDRESS)
        self.assert_authenticated()

    def test_it_leaves_exactly_the_certificates_of_the_bundle(self):
        self.install("--yes")
        more = self.client.path(f"/etc/chrony/nts/trusted/{BOX}/old.crt")
        more.write_text(self.box.certificates["next"][0].read_text())
        self.install("--yes")
        self.assertEqual(self.trusted(), [self.box.certificates["server"][0].read_text()])

    def test_an_image_gets_the_same_files(self):
        self.install("--yes", "--server", ADDRESS)
        here = {path: state for path, state in self.tree().items() if BOX in path}
        self.client.run("sh", "-c", "mkdir -p /tmp/image/etc /tmp/image/usr/sbin; cp -a /etc/chrony /tmp/image/etc; "
                                    "cp /usr/sbin/chronyd /tmp/image/usr/sbin")
        self.install("--remove", "--root", "/tmp/image")
        self.install("--yes", "--server", ADDRESS, "--root", "/tmp/image")
        for path, state in here.items():
            image = self.client.path(f"/tmp/image/{path}")
            self.assertEqual(image.lstat().st_mode, state[0], path)
            if image.is_file():
                self.assertEqual(image.read_bytes(), self.client.path(path).read_bytes())

    def test_names_that_could_become_anything_else_are_refused(self):
        for name in ("../../etc/x.test", "a b", "$(reboot)", "-x", "a\nallow"):
            self.install("--yes", "--server", name, status=2)
        self.client.path("/tmp/ntsbox-bundle/ntsbox.sources").write_text("server ../../../tmp/x iburst nts\n")
        self.install("--yes", status=2)
        self.unpack()
        self.assert_nothing_changed()

    def test_it_is_clean(self):
        subprocess.run(["shellcheck", self.client.path("/tmp/ntsbox-bundle/install.sh")], check=True)


if __name__ == "__main__":
    enter_namespaces(mounts=True)
    unittest.main(verbosity=2)
